namespace FanOut.Cli.DeadLetters;

internal enum Verb
{
    Redrive,
    Discard,
}
