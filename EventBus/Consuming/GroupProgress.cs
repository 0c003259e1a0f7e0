namespace FanOut.EventBus.Consuming;

/// <summary>How many batches the lanes of one group have committed in this process: the evidence that the environment is well.</summary>
internal sealed class GroupProgress
{
    private long _commits;

    public long Commits => Interlocked.Read(ref _commits);

    public void Committed() => Interlocked.Increment(ref _commits);
}
