namespace FanOut.Protocol.Tests.Model;

/// <summary>A table of row versions. A statement is atomic, so it sees what is committed now and what its own transaction wrote.</summary>
internal sealed class Table<T>(Node node)
    where T : notnull
{
    private readonly List<Version> _versions = [];

    public IEnumerable<T> Read(Transaction transaction) =>
        _versions.Where(version => IsVisible(version, transaction)).Select(version => version.Value);

    /// <summary>Also what open transactions have written. No statement of Postgres sees this: it is for rules that are switched off.</summary>
    public IEnumerable<T> ReadDirty() => _versions
        .Where(version => node.StateOf(version.Xmin) != TransactionState.Aborted && !IsDeleted(version))
        .Select(version => version.Value);

    public void Insert(Transaction transaction, T value)
    {
        transaction.Write();
        _versions.Add(new Version(value, transaction.Xid));
    }

    /// <summary>INSERT .. ON CONFLICT DO NOTHING. It waits for an open transaction that holds a conflicting row.</summary>
    public bool InsertUnless(Transaction transaction, T value, Func<T, bool> conflicts)
    {
        long? rival = null;
        foreach (var version in _versions.Where(version => conflicts(version.Value)))
        {
            var inserted = node.StateOf(version.Xmin);
            if (inserted == TransactionState.Aborted || IsDeleted(version) || (version.Xmax != 0 && version.Xmax == transaction.Xid))
            {
                continue;
            }

            if (version.Xmin != transaction.Xid && inserted == TransactionState.InProgress)
            {
                rival = version.Xmin;
            }
            else if (version.Xmax != 0 && node.StateOf(version.Xmax) == TransactionState.InProgress)
            {
                rival = version.Xmax;
            }
            else
            {
                return false;
            }
        }

        if (rival is { } xid)
        {
            throw new BlockedException(xid);
        }

        Insert(transaction, value);
        return true;
    }

    /// <summary>UPDATE .. RETURNING. With <paramref name="limit"/> it is FOR UPDATE SKIP LOCKED LIMIT; otherwise it waits for locked rows.</summary>
    public List<T> Update(Transaction transaction, Func<T, bool> where, Func<T, T> change, int? limit = null)
    {
        var changed = Lock(transaction, where, limit).Select(value => change(value)).ToList();
        changed.ForEach(value => Insert(transaction, value));
        return changed;
    }

    /// <summary>DELETE .. RETURNING.</summary>
    public List<T> Delete(Transaction transaction, Func<T, bool> where) => Lock(transaction, where, limit: null);

    /// <summary>What another node has of this table.</summary>
    public void CopyFrom(Table<T> other, Func<long, bool> survives) => _versions.AddRange(
        from version in other._versions
        where survives(version.Xmin)
        select new Version(version.Value, version.Xmin) { Xmax = survives(version.Xmax) ? version.Xmax : 0 });

    private List<T> Lock(Transaction transaction, Func<T, bool> where, int? limit)
    {
        var found = _versions.Where(version => IsVisible(version, transaction) && where(version.Value)).ToList();
        if (limit is { } most)
        {
            found = found.Where(version => !IsLocked(version)).Take(most).ToList();
        }
        else if (found.Find(IsLocked) is { } locked)
        {
            throw new BlockedException(locked.Xmax);
        }

        if (found.Count > 0)
        {
            transaction.Write();
            found.ForEach(version => version.Xmax = transaction.Xid);
        }

        return found.ConvertAll(version => version.Value);
    }

    private bool IsVisible(Version version, Transaction transaction) =>
        (version.Xmin == transaction.Xid || node.StateOf(version.Xmin) == TransactionState.Committed)
        && !IsDeleted(version) && (version.Xmax == 0 || version.Xmax != transaction.Xid);

    private bool IsDeleted(Version version) => version.Xmax != 0 && node.StateOf(version.Xmax) == TransactionState.Committed;

    private bool IsLocked(Version version) => version.Xmax != 0 && node.StateOf(version.Xmax) == TransactionState.InProgress;

    private sealed class Version(T value, long xmin)
    {
        public T Value { get; } = value;

        public long Xmin { get; } = xmin;

        public long Xmax { get; set; }
    }
}
