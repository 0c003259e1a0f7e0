using System.Text;

namespace FanOut.EmbeddedHosting.Logging;

/// <summary>One resource's log: a file that is turned over at 10 MiB (one older file is kept), and its last lines in memory.</summary>
internal sealed class ResourceLog(string path, int colour) : IDisposable
{
    private const long MaxBytes = 10 * 1024 * 1024;
    private const int LinesKept = 40;

    private readonly Lock _lock = new();
    private readonly Queue<string> _last = new(LinesKept);
    private StreamWriter? _writer;
    private bool _disposed;

    public int Colour { get; } = colour;

    public void Append(string line)
    {
        lock (_lock)
        {
            if (_last.Count == LinesKept)
            {
                _last.Dequeue();
            }

            _last.Enqueue(line);
            if (_disposed)
            {
                return;
            }

            try
            {
                _writer ??= Open();
                _writer.WriteLine(line);
                if (_writer.BaseStream.Length > MaxBytes)
                {
                    _writer.Dispose();
                    File.Move(path, path + ".1", overwrite: true);
                    _writer = null;
                }
            }
            catch (IOException)
            {
                // A full disk must not take the services down with it.
                _writer = null;
            }
        }
    }

    public IReadOnlyList<string> LastLines()
    {
        lock (_lock)
        {
            return [.. _last];
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            _writer?.Dispose();
        }
    }

    private StreamWriter Open()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        return new StreamWriter(new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete), new UTF8Encoding(false)) { AutoFlush = true };
    }
}
