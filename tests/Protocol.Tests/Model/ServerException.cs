namespace FanOut.Protocol.Tests.Model;

#pragma warning disable CA1032 // The model throws these itself, always with what they need.

/// <summary>A server refused a call, or its reply was lost.</summary>
internal sealed class ServerException(string code) : Exception(code);

/// <summary>The statement waits until transaction <paramref name="xid"/> ends. It has changed nothing yet.</summary>
internal sealed class BlockedException(long xid) : Exception
{
    public long Xid => xid;
}

/// <summary>A handler took its process with it.</summary>
internal sealed class ProcessKilledException : Exception;

/// <summary>A promise of the protocol is broken.</summary>
internal sealed class ViolationException(string promise) : Exception(promise);
