namespace FanOut.Contracts;

/// <summary>Orders, newest first, and the next page: its cursor (<c>after</c>) and relative address, both null on the last.</summary>
public sealed record OrderPage(IReadOnlyList<Order> Orders, string? After = null, string? Next = null);
