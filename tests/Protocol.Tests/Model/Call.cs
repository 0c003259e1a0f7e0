using System.Runtime.CompilerServices;

namespace FanOut.Protocol.Tests.Model;

/// <summary>What becomes of one call to a server.</summary>
internal enum CallFate
{
    Answered,

    /// <summary>It never reaches the server, and the caller learns that the connection is gone.</summary>
    Refused,

    /// <summary>It is made, and the caller learns only that the connection is gone.</summary>
    ReplyLost,

    /// <summary>It is made, and the caller dies.</summary>
    CallerDies,
}

/// <summary>One call of an actor: a step of the model. The actor awaits it; the scheduler makes it.</summary>
internal abstract class Call(string label, bool isSql) : INotifyCompletion
{
    private Action? _continue;

    public string Label => label;

    public bool IsSql => isSql;

    public bool IsCompleted => false;

    /// <summary>The transaction that the statement waits for; 0 when it has not met one.</summary>
    public long BlockedBy { get; set; }

    public Exception? Error { get; set; }

    public void OnCompleted(Action continuation) => _continue = continuation;

    public void Continue() => _continue!();

    public abstract void Make();
}

internal sealed class Call<T>(string label, bool isSql, Func<T> body) : Call(label, isSql)
{
    private T _result = default!;

    public Call<T> GetAwaiter() => this;

    public T GetResult() => Error is null ? _result : throw Error;

    public override void Make() => _result = body();
}
