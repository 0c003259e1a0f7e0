namespace FanOut.Chaos;

/// <summary>Writes each step with its time.</summary>
internal sealed class ProgressLog(TextWriter writer, TimeProvider time)
{
    private readonly long _begun = time.GetTimestamp();
    private readonly Lock _writing = new();

    public TextWriter Writer => writer;

    public void Write(string step)
    {
        lock (_writing)
        {
            writer.WriteLine($"[{time.GetElapsedTime(_begun).TotalSeconds,7:0.0} s] {step}");
        }
    }
}
