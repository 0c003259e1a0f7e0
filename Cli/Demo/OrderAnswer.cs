namespace FanOut.Cli.Demo;

internal sealed record OrderAnswer(Guid Id);
