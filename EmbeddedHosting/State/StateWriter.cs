using System.Threading.Channels;

namespace FanOut.EmbeddedHosting.State;

/// <summary>Writes the host's state after changes, on a task of its own: whoever changes something may hold a lock that describing it needs.</summary>
internal sealed class StateWriter(string dataPath, Func<HostState> describe) : IAsyncDisposable
{
    private readonly Channel<bool> _changes = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private Task _writing = Task.CompletedTask;

    public void Start() => _writing = Task.Run(WriteChangesAsync);

    public void Changed() => _changes.Writer.TryWrite(true);

    public async ValueTask DisposeAsync()
    {
        _changes.Writer.TryComplete();
        await _writing;
    }

    private async Task WriteChangesAsync()
    {
        await foreach (var _ in _changes.Reader.ReadAllAsync())
        {
            HostState.Write(dataPath, describe());
        }

        HostState.Write(dataPath, describe());
    }
}
