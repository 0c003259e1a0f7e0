namespace FanOut.Protocol.Tests.Model;

/// <summary>A connection to a node of Postgres, with at most one open transaction.</summary>
internal sealed class Session(Node node)
{
    public Node Node => node;

    public Transaction? Open { get; private set; }

    public bool IsEnded { get; private set; }

    public Transaction Begin() => IsEnded ? throw new ServerException("57P01") : Open ??= new Transaction(node);

    public void Commit()
    {
        node.End(Begin(), commit: true);
        Open = null;
    }

    public void RollBack()
    {
        if (Open is { } open)
        {
            node.End(open, commit: false);
            Open = null;
        }
    }

    /// <summary>The server ends the session: by a timeout, a failover or a closed connection.</summary>
    public void End()
    {
        RollBack();
        IsEnded = true;
    }
}
