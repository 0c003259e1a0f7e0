namespace FanOut.Protocol.Tests.Model;

/// <summary>A READ COMMITTED transaction. Its xid is assigned at the first write, or when asked for.</summary>
internal sealed class Transaction(Node node)
{
    public Node Node => node;

    /// <summary>0 while none is assigned.</summary>
    public long Xid { get; private set; }

    public bool HasWritten { get; private set; }

    /// <summary>pg_current_xact_id().</summary>
    public long AssignXid() => Xid == 0 ? Xid = node.AssignXid() : Xid;

    public void Write()
    {
        if (node.InRecovery)
        {
            throw new ServerException("25006");
        }

        AssignXid();
        HasWritten = true;
    }
}
