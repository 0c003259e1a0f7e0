using System.Runtime.CompilerServices;
using System.Text;
using System.Threading.Channels;

namespace FanOut.EmbeddedHosting.Logging;

/// <summary>One resource's log: a file that is turned over at 10 MiB (one older file is kept), and its last lines in memory.</summary>
internal sealed class ResourceLog(string path, int colour) : IDisposable
{
    private const long MaxBytes = 10 * 1024 * 1024;
    private const int LinesKept = 40;

    private readonly Lock _lock = new();
    private readonly Queue<string> _last = new(LinesKept);
    private readonly List<ChannelWriter<string>> _watchers = [];
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
            foreach (var watcher in _watchers)
            {
                watcher.TryWrite(line);
            }

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

    /// <summary>The last lines, then each that is added.</summary>
    public async IAsyncEnumerable<string> WatchAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var channel = Channel.CreateUnbounded<string>();
        lock (_lock)
        {
            foreach (var line in _last)
            {
                channel.Writer.TryWrite(line);
            }

            _watchers.Add(channel.Writer);
        }

        try
        {
            await foreach (var line in channel.Reader.ReadAllAsync(cancellationToken))
            {
                yield return line;
            }
        }
        finally
        {
            lock (_lock)
            {
                _watchers.Remove(channel.Writer);
            }
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
