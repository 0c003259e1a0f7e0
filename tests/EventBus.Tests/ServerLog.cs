namespace FanOut.EventBus.Tests;

/// <summary>What a server of a test prints.</summary>
internal sealed class ServerLog : IDisposable
{
    public string File { get; } = Path.GetTempFileName();

    /// <returns>How many lines have the text.</returns>
    public int Count(string text)
    {
        using var reader = new StreamReader(new FileStream(File, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        return reader.ReadToEnd().Split('\n').Count(line => line.Contains(text, StringComparison.Ordinal));
    }

    public void Dispose() => System.IO.File.Delete(File);
}
