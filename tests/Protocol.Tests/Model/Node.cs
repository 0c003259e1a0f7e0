namespace FanOut.Protocol.Tests.Model;

internal enum TransactionState
{
    InProgress,
    Committed,
    Aborted,
}

/// <summary>A Postgres server with the tables of the bus.</summary>
internal sealed class Node
{
    private readonly Dictionary<long, TransactionState> _transactions = [];
    private readonly SortedSet<long> _inProgress = [];
    private readonly List<Commit> _commits = [];
    private long _nextXid = 1;
    private long _latestCompleted;
    private long _lastPosition;
    private long _lastNumber;

    public Node()
    {
        Outbox = new(this);
        History = new(this);
        Streams = new(this);
        Groups = new(this);
        Subscriptions = new(this);
        Inbox = new(this);
        Retries = new(this);
        Effects = new(this);
    }

    public bool InRecovery { get; private set; }

    public Table<StreamRow> Streams { get; }

    public Table<GroupRow> Groups { get; }

    public Table<Subscription> Subscriptions { get; }

    public Table<OutboxRow> Outbox { get; }

    /// <summary>The outbox as if nothing was ever pruned. Only the invariants read it.</summary>
    public Table<OutboxRow> History { get; }

    /// <summary>A row for each position. The real inbox keeps ranges; that changes its size, not its meaning.</summary>
    public Table<InboxRow> Inbox { get; }

    public Table<RetryRow> Retries { get; }

    public Table<Effect> Effects { get; }

    /// <summary>pg_snapshot_xmax: one above the last that ended. Open transactions may hold higher ones.</summary>
    public long SnapshotXmax => _latestCompleted + 1;

    /// <summary>pg_snapshot_xmin.</summary>
    public long SnapshotXmin => _inProgress.Count == 0 ? SnapshotXmax : Math.Min(_inProgress.Min, SnapshotXmax);

    public TransactionState StateOf(long xid) => _transactions[xid];

    public long AssignXid()
    {
        _transactions[_nextXid] = TransactionState.InProgress;
        _inProgress.Add(_nextXid);
        return _nextXid++;
    }

    /// <summary>nextval of the stream's sequence. It belongs to no transaction: a rollback does not give it back.</summary>
    public long NextPosition() => ++_lastPosition;

    public long NextNumber() => ++_lastNumber;

    public void End(Transaction transaction, bool commit)
    {
        if (transaction.Xid == 0 || _transactions[transaction.Xid] != TransactionState.InProgress)
        {
            return;
        }

        _transactions[transaction.Xid] = commit ? TransactionState.Committed : TransactionState.Aborted;
        _inProgress.Remove(transaction.Xid);
        _latestCompleted = Math.Max(_latestCompleted, transaction.Xid);
        if (commit && transaction.HasWritten)
        {
            _commits.Add(new Commit(transaction.Xid, _lastPosition, _lastNumber));
        }
    }

    /// <summary>
    /// Makes a standby the primary that never received the last <paramref name="lost"/> commits. Sequences and xids go back too.
    /// This node stays up, demoted.
    /// </summary>
    public Node FailOver(int lost)
    {
        var kept = _commits.Take(Math.Max(1, _commits.Count - lost)).ToArray();
        var xids = kept.Select(commit => commit.Xid).ToHashSet();
        var standby = new Node { _nextXid = xids.Max() + 1, _latestCompleted = xids.Max(), _lastPosition = kept[^1].LastPosition };
        standby._lastNumber = kept[^1].LastNumber;
        standby._commits.AddRange(kept);
        foreach (var xid in xids)
        {
            standby._transactions[xid] = TransactionState.Committed;
        }

        standby.Outbox.CopyFrom(Outbox, xids.Contains);
        standby.History.CopyFrom(History, xids.Contains);
        standby.Streams.CopyFrom(Streams, xids.Contains);
        standby.Groups.CopyFrom(Groups, xids.Contains);
        standby.Subscriptions.CopyFrom(Subscriptions, xids.Contains);
        standby.Inbox.CopyFrom(Inbox, xids.Contains);
        standby.Retries.CopyFrom(Retries, xids.Contains);
        standby.Effects.CopyFrom(Effects, xids.Contains);
        InRecovery = true;
        return standby;
    }

    private sealed record Commit(long Xid, long LastPosition, long LastNumber);
}
