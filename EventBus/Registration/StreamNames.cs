namespace FanOut.EventBus;

/// <summary>The streams of this process.</summary>
internal sealed class StreamNames
{
    private readonly List<StreamName> _names = [];

    public IReadOnlyList<StreamName> All => _names;

    public bool TryAdd(StreamName name)
    {
        if (_names.Contains(name))
        {
            return false;
        }

        _names.Add(name);
        return true;
    }
}
