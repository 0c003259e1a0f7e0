using System.Globalization;

namespace FanOut.EventBus.Consuming;

/// <summary>Whether an operator has paused the group, as this process last read it in Postgres.</summary>
internal sealed class OperatorPause
{
    private Pause? _pause;

    /// <summary>Who paused the group; null where nobody has.</summary>
    public string? Reason => Volatile.Read(ref _pause)?.Reason;

    /// <summary>Takes over what Postgres says: null where the group is not paused.</summary>
    public void Set(DateTimeOffset? at, string? by)
    {
        var pause = at is null ? null : new Pause(string.Create(
            CultureInfo.InvariantCulture, $"The group was paused by {by} at {at:yyyy-MM-dd HH:mm:ss}Z, and waits until it is resumed."));
        if (pause?.Reason != Reason)
        {
            Interlocked.Exchange(ref _pause, pause)?.Ended.SetResult();
        }
    }

    /// <summary>Waits while the group is paused.</summary>
    public async Task WaitAsync(CancellationToken cancellationToken)
    {
        while (Volatile.Read(ref _pause) is { } pause)
        {
            await pause.Ended.Task.WaitAsync(cancellationToken);
        }
    }

    private sealed record Pause(string Reason)
    {
        public TaskCompletionSource Ended { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
