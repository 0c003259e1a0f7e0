using Npgsql;
using StackExchange.Redis;
using Xunit;

namespace FanOut.EndToEnd.Tests;

internal static class Eventually
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(50);

    /// <summary>Asks until the answer is as wanted. A server that is away for the moment is no answer.</summary>
    /// <param name="ask">What to ask.</param>
    /// <param name="isWanted">Whether that is it.</param>
    /// <param name="describe">What is there instead, for the message of a failure.</param>
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

            Assert.True(TimeProvider.System.GetElapsedTime(begun) < Patience, $"Not within {Patience.TotalSeconds} s: {last}");
            await Task.Delay(PollInterval, TimeProvider.System, TestContext.Current.CancellationToken);
        }
    }
}
