namespace FanOut.Cli.Demo;

/// <summary>One line of a file of orders.</summary>
internal sealed record FileOrder(string Number, FileCustomer Customer, string Currency, DateOnly OrderedOn, IReadOnlyList<OrderLine> Lines);
