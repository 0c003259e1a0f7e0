namespace FanOut.Contracts.Operations;

public sealed record GroupList(IReadOnlyList<GroupStatus> Groups);
