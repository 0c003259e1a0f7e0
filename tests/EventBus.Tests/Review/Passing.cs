namespace FanOut.EventBus.Tests.Review;

internal static class Passing
{
    /// <summary>Waits for a time in which something must not happen.</summary>
    public static async Task<bool> IsCancelledWithinAsync(this CancellationToken token, TimeSpan time)
    {
        var cancelled = new TaskCompletionSource();
        await using var registration = token.Register(cancelled.SetResult);
        return await Task.WhenAny(cancelled.Task, Task.Delay(time, TimeProvider.System, CancellationToken.None)) == cancelled.Task;
    }

    public static Task ForAsync(TimeSpan time) => CancellationToken.None.IsCancelledWithinAsync(time);
}
