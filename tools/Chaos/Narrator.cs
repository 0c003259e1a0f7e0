namespace FanOut.Chaos;

/// <summary>Says what is done, and when.</summary>
internal sealed class Narrator(TextWriter writer, TimeProvider time)
{
    private readonly long _begun = time.GetTimestamp();
    private readonly Lock _writing = new();

    public TextWriter Writer => writer;

    public void Say(string what)
    {
        lock (_writing)
        {
            writer.WriteLine($"[{time.GetElapsedTime(_begun).TotalSeconds,7:0.0} s] {what}");
        }
    }
}
