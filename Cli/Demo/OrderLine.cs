namespace FanOut.Cli.Demo;

internal sealed record OrderLine(string Sku, string Name, int Quantity, decimal UnitPrice, decimal Discount);
