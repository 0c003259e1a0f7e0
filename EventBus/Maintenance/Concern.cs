using FanOut.EventBus.Telemetry;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace FanOut.EventBus.Maintenance;

/// <summary>
/// One thing that a reclaimer does again and again, in a loop of its own: while it fails or is slow, the others go on. Any number of replicas run it
/// at once, so each of its steps must be safe to race.
/// </summary>
/// <param name="Name">What it does, as the log says it: <c>trim stream 'orders'</c>.</param>
/// <param name="Interval">The time between two passes.</param>
/// <param name="PassAsync">One pass; it answers whether there is more to do at once.</param>
internal sealed partial record Concern(string Name, TimeSpan Interval, Func<CancellationToken, Task<bool>> PassAsync)
{
    /// <summary>One whose pass leaves nothing to do at once.</summary>
    public static Concern Of(string name, TimeSpan interval, Func<CancellationToken, Task> passAsync) => new(name, interval, async token =>
    {
        await passAsync(token);
        return false;
    });

    /// <summary>
    /// Runs the loop until it is cancelled. A failure is logged when it begins, when it changes to another one, and when it ends.
    /// </summary>
    public async Task RunAsync(NpgsqlDataSource postgres, TimeProvider time, ILogger logger, CancellationToken cancellationToken)
    {
        QuietTrace.Enter();
        var backoff = new Backoff(time);
        string? failure = null;
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                var hasMore = await PassAsync(cancellationToken);
                backoff.Reset();
                if (failure is not null)
                {
                    Log.Recovered(logger, Name);
                    failure = null;
                }

                if (!hasMore)
                {
                    await Task.Delay(Interval, time, cancellationToken);
                }
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                postgres.ClearIfReadOnly(e);

                // While a server is away its errors change with every attempt.
                var isEnvironment = EnvironmentFault.Is(e);
                var reason = EnvironmentFault.Describe(e);
                if (failure is null || (!isEnvironment && failure != reason))
                {
                    Log.Failed(logger, Name, reason, isEnvironment ? null : e);
                }

                failure = reason;
                await backoff.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(500, LogLevel.Warning, "The reclaimer cannot {Concern} and retries automatically: {Reason}")]
        public static partial void Failed(ILogger logger, string concern, string reason, Exception? exception);

        [LoggerMessage(501, LogLevel.Information, "The reclaimer can {Concern} again.")]
        public static partial void Recovered(ILogger logger, string concern);
    }
}
