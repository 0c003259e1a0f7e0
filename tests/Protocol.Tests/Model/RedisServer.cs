namespace FanOut.Protocol.Tests.Model;

/// <summary>An entry id: milliseconds and a number.</summary>
internal readonly record struct EntryId(long Time, long Number) : IComparable<EntryId>
{
    public static readonly EntryId Max = new(long.MaxValue, long.MaxValue);

    public static bool operator <(EntryId left, EntryId right) => left.CompareTo(right) < 0;

    public static bool operator >(EntryId left, EntryId right) => left.CompareTo(right) > 0;

    public static bool operator <=(EntryId left, EntryId right) => left.CompareTo(right) <= 0;

    public static bool operator >=(EntryId left, EntryId right) => left.CompareTo(right) >= 0;

    public int CompareTo(EntryId other) => (Time, Number).CompareTo((other.Time, other.Number));
}

internal sealed record Entry(EntryId Id, long Position, int Event, string Type);

internal sealed record Pending(string Consumer, long DeliveredAt);

/// <summary>The relay's hash and its gaps hash: position of a gap to the xid after which it is given up.</summary>
internal sealed record RelayState(int Outbox, int Generation, string Seq, long Position, int Event, SortedDictionary<long, long> Gaps);

internal sealed record RelayFound(RelayState? State, long EntriesAdded);

internal sealed class ConsumerGroup
{
    public EntryId LastDelivered { get; set; }

    public SortedDictionary<EntryId, Pending> Pending { get; private init; } = [];

    public ConsumerGroup Copy() => new() { LastDelivered = LastDelivered, Pending = new(Pending) };
}

/// <summary>A Redis server with one stream. Each public method is one command or one script: atomic.</summary>
internal sealed class RedisServer(Rules rules)
{
    private List<Entry> _entries = [];
    private Dictionary<string, ConsumerGroup> _groups = [];
    private RelayState? _state;
    private EntryId _last;
    private long _entriesAdded;

    /// <summary>Redis' own clock.</summary>
    public long Time { get; set; } = 1_000_000;

    /// <summary>Changes when Redis restarts or fails over: then all connections are new.</summary>
    public int Connection { get; private set; }

    /// <summary>The relay's appends to the present stream. Only the invariants read it.</summary>
    public List<Entry> Appended { get; private set; } = [];

    public RelayState? State => _state;

    public IReadOnlyList<Entry> Entries => _entries;

    public bool IsQuiet => _groups.Values.All(group => group.Pending.Count == 0 && !_entries.Exists(entry => entry.Id > group.LastDelivered));

    /// <summary>What a snapshot or a truncated append-only file brings back: entries, groups and state together.</summary>
    public RedisServer Save() => new(rules)
    {
        _entries = [.. _entries],
        _groups = _groups.ToDictionary(entry => entry.Key, entry => entry.Value.Copy()),
        _state = _state,
        _last = _last,
        _entriesAdded = _entriesAdded,
        Appended = [.. Appended],
        Time = Time,
    };

    public void Restore(RedisServer saved)
    {
        Connection++;
        var copy = saved.Save();
        (_entries, _groups, _state, _last, _entriesAdded, Appended) =
            (copy._entries, copy._groups, copy._state, copy._last, copy._entriesAdded, copy.Appended);
    }

    public void FlushAll() => Restore(new RedisServer(rules));

    /// <summary>DEL or UNLINK of the stream: the groups go with it.</summary>
    public void DeleteStream()
    {
        (_entries, _groups, _last, _entriesAdded) = ([], [], default, 0);
        Appended = [];
    }

    /// <summary>XADD. Without an id, Redis chooses it.</summary>
    public Entry Add(long position, int @event, string type, EntryId? id = null)
    {
        if (_last == EntryId.Max || id <= _last)
        {
            throw new ServerException("exhausted the last possible ID");
        }

        _last = id ?? (Time > _last.Time ? new EntryId(Time, 0)
            : _last.Number < long.MaxValue ? _last with { Number = _last.Number + 1 } : new EntryId(_last.Time + 1, 0));
        var entry = new Entry(_last, position, @event, type);
        _entries.Add(entry);
        _entriesAdded++;
        return entry;
    }

    public RelayFound ReadState() => new(_state, _entriesAdded);

    /// <summary>The append script: entries and state, together or not at all. An XADD that fails in mid-script leaves what came before it.</summary>
    public bool Append(string expectedSeq, IEnumerable<OutboxRow> rows, RelayState next)
    {
        if (!IsExpected(expectedSeq))
        {
            return false;
        }

        AppendEntries(rows);
        _state = next;
        return true;
    }

    /// <summary>The first half of an append that is not atomic; for a rule that is switched off.</summary>
    public bool AppendWithoutState(string expectedSeq, IEnumerable<OutboxRow> rows)
    {
        if (!IsExpected(expectedSeq))
        {
            return false;
        }

        AppendEntries(rows);
        return true;
    }

    /// <summary>Writes a new state if the one that was found is still there. <paramref name="unlink"/> makes the stream anew as well.</summary>
    public bool Begin(string? foundSeq, RelayState next, bool unlink)
    {
        if (_state?.Seq != foundSeq && rules.BeginOnlyOnFoundState)
        {
            return false;
        }

        if (unlink)
        {
            DeleteStream();
        }

        _state = next;
        return true;
    }

    /// <summary>XGROUP CREATE .. 0 MKSTREAM, where it is missing.</summary>
    public void CreateGroup(string group) => _groups.TryAdd(group, new ConsumerGroup());

    public List<Entry> ReadGroup(string group, string consumer, int count)
    {
        var found = Group(group);
        var read = _entries.Where(entry => entry.Id > found.LastDelivered).Take(count).ToList();
        foreach (var entry in read)
        {
            found.LastDelivered = entry.Id;
            found.Pending[entry.Id] = new Pending(consumer, Time);
        }

        return read;
    }

    public void Acknowledge(string group, IEnumerable<EntryId> ids)
    {
        foreach (var id in ids)
        {
            _groups.GetValueOrDefault(group)?.Pending.Remove(id);
        }
    }

    /// <summary>XAUTOCLAIM. What is no longer in the stream leaves the PEL.</summary>
    public List<Entry> AutoClaim(string group, string consumer, long idle, int count)
    {
        var pending = Group(group).Pending;
        var claimed = new List<Entry>();
        foreach (var id in pending.Where(entry => Time - entry.Value.DeliveredAt >= idle).Select(entry => entry.Key).Take(count).ToArray())
        {
            if (_entries.Find(entry => entry.Id == id) is { } entry)
            {
                pending[id] = new Pending(consumer, Time);
                claimed.Add(entry);
            }
            else
            {
                pending.Remove(id);
            }
        }

        return claimed;
    }

    /// <summary>XCLAIM JUSTID of everything pending, each to the consumer that has it: the idle time begins anew.</summary>
    public void TouchPending()
    {
        foreach (var pending in _groups.Values.Select(group => group.Pending))
        {
            foreach (var id in pending.Keys.ToArray())
            {
                pending[id] = pending[id] with { DeliveredAt = Time };
            }
        }
    }

    /// <summary>The stream's end together with the position that the relay has reached.</summary>
    public (EntryId End, long Position) NoteEnd() => (_last, _state?.Position ?? 0);

    /// <summary>Whether the group has delivered and acknowledged all up to <paramref name="end"/>; null when the stream went back below it.</summary>
    public bool? HasPassed(string group, EntryId end)
    {
        if (_last < end || !_groups.TryGetValue(group, out var found))
        {
            return null;
        }

        var delivered = rules.BarrierAsksWhatIsLeft
            ? !_entries.Exists(entry => entry.Id > found.LastDelivered && entry.Id <= end)
            : found.LastDelivered >= end;
        return delivered && !found.Pending.Keys.Any(id => id <= end);
    }

    /// <summary>Removes what every registered group has acknowledged.</summary>
    public void TrimAcknowledged(IEnumerable<string> groups)
    {
        if (groups.All(_groups.ContainsKey))
        {
            _entries.RemoveAll(entry => groups.All(name => entry.Id <= Group(name).LastDelivered && !Group(name).Pending.ContainsKey(entry.Id)));
        }
    }

    /// <summary>XTRIM by somebody, or by the relay at MaxStreamLength: it waits for no group.</summary>
    public void Trim(int keep) => _entries.RemoveRange(0, Math.Max(0, _entries.Count - keep));

    private bool IsExpected(string expectedSeq) =>
        !rules.CompareSeq || _state?.Seq == expectedSeq;

    private void AppendEntries(IEnumerable<OutboxRow> rows)
    {
        foreach (var row in rows)
        {
            Appended.Add(Add(row.Position, row.Event, row.Type));
        }
    }

    private ConsumerGroup Group(string name) => _groups.GetValueOrDefault(name) ?? throw new ServerException("NOGROUP");
}
