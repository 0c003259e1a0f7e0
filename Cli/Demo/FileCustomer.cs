namespace FanOut.Cli.Demo;

internal sealed record FileCustomer(string Id, string Name);
