using System.Text.Json.Serialization;

namespace FanOut.Cli.Demo;

internal sealed record Order(string? Number, DateTimeOffset? PlacedAt, Customer Customer, string Currency, IReadOnlyList<OrderLine> Lines)
{
    /// <summary>Identifies the order to the API however often it is sent.</summary>
    [JsonIgnore]
    public required string Key { get; init; }
}
