using StackExchange.Redis;

namespace FanOut.EventBus.Consuming;

/// <summary>
/// How many entries a lane asks for. Redis bounds a read only by their number: it begins low, grows while batches are quick, and shrinks so that a
/// batch takes some seconds at most and stays within about 16 MB.
/// </summary>
internal sealed class BatchSizing(int max)
{
    private const int First = 16;
    private const long MaxBytes = 16 * 1024 * 1024;
    private static readonly TimeSpan MaxDuration = TimeSpan.FromSeconds(5);

    public int Count { get; private set; } = Math.Min(First, max);

    /// <summary>Takes in how long a batch took and how large it was.</summary>
    public void Observe(IReadOnlyCollection<StreamEntry> batch, TimeSpan duration)
    {
        var bytes = batch.Sum(entry => entry.Values.Sum(field => field.Value.GetByteCount()));
        Observe(batch.Count, duration, bytes);
    }

    /// <inheritdoc cref="Observe(IReadOnlyCollection{StreamEntry}, TimeSpan)"/>
    public void Observe(int events, TimeSpan duration, long bytes = 0)
    {
        var byTime = MaxDuration / (duration / events);
        var byBytes = MaxBytes / Math.Max(1, bytes / events);
        Count = (int)Math.Clamp(Math.Min(byTime, byBytes), 1, Math.Min(max, 2L * Count));
    }
}
