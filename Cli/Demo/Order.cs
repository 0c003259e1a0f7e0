namespace FanOut.Cli.Demo;

/// <summary>Its number identifies it to the API however often it is sent.</summary>
internal sealed record Order(string Number, DateTimeOffset? PlacedAt, Customer Customer, string Currency, IReadOnlyList<OrderLine> Lines);
