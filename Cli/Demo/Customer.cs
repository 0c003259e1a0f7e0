namespace FanOut.Cli.Demo;

internal sealed record Customer(string Id, string Name, string Email);
