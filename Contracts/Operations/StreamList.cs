namespace FanOut.Contracts.Operations;

public sealed record StreamList(IReadOnlyList<StreamStatus> Streams);
