using FanOut.Contracts;

namespace FanOut.OrderApi.Placing;

/// <summary>An idempotency key and the hash of the request that it identifies.</summary>
/// <param name="Key">The account that sent it, a line feed, which neither contains, and the header's value.</param>
/// <param name="RequestHash">The hash of the request.</param>
internal sealed record BoundKey(string Key, byte[] RequestHash)
{
    public static BoundKey? Of(string owner, string? key, Func<byte[]> hash) => key is null ? null : new($"{owner}\n{key}", hash());
}

/// <summary>The orders in the order of the request, and how many of them are new. The others were placed by an earlier request.</summary>
internal sealed record Placement(IReadOnlyList<Order> Orders, int Placed, Dictionary<string, string[]>? Conflict)
{
    public static Placement Conflicting(Dictionary<string, string[]> conflict) => new([], 0, conflict);
}
