using Npgsql;
using StackExchange.Redis;
using Xunit;

namespace FanOut.EndToEnd.Tests;

internal static class Eventually
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(50);

    /// <summary>Asks until the answer is as wanted. Retries while a server is away.</summary>
    /// <param name="ask">What to ask.</param>
    /// <param name="isWanted">Whether the answer is as wanted.</param>
    /// <param name="describe">Describes another answer, for the error message.</param>
    public static async Task<T> GetAsync<T>(Func<Task<T>> ask, Func<T, bool> isWanted, Func<T, string> describe)
    {
        var begun = TimeProvider.System.GetTimestamp();
        var last = "no answer";
        while (true)
        {
            try
            {
                var answer = await ask();
                if (isWanted(answer))
                {
                    return answer;
                }

                last = describe(answer);
            }
            catch (Exception exception) when (exception is NpgsqlException or RedisException or HttpRequestException or IOException)
            {
                last = exception.Message;
            }

            Assert.True(TimeProvider.System.GetElapsedTime(begun) < Timeout, $"Timed out after {Timeout.TotalSeconds} s: {last}");
            await Task.Delay(PollInterval, TimeProvider.System, TestContext.Current.CancellationToken);
        }
    }
}
