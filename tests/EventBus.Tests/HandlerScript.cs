namespace FanOut.EventBus.Tests;

/// <summary>What a test's handler does before its effect, for each event and delivery.</summary>
internal sealed class HandlerScript
{
    public Func<int, int, CancellationToken, Task> Before { get; set; } = (_, _, _) => Task.CompletedTask;

    public static HandlerScript Throwing(Func<int, bool> when, Func<Exception>? what = null)
        => new() { Before = (number, _, _) => when(number) ? throw (what?.Invoke() ?? new InvalidOperationException($"No {number}.")) : Task.CompletedTask };
}
