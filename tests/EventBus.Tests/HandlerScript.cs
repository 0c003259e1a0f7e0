using Npgsql;

namespace FanOut.EventBus.Tests;

/// <summary>What a test's handler does beside its effect.</summary>
internal sealed class HandlerScript
{
    private int _batches;

    /// <summary>Before the effect of an event; told its number and delivery.</summary>
    public Func<int, int, CancellationToken, Task> Before { get; set; } = (_, _, _) => Task.CompletedTask;

    /// <summary>Before the effect of an event, in its transaction.</summary>
    public Func<int, NpgsqlConnection, CancellationToken, Task> On { get; set; } = (_, _, _) => Task.CompletedTask;

    /// <summary>After the effects.</summary>
    public Func<NpgsqlConnection, CancellationToken, Task> After { get; set; } = (_, _) => Task.CompletedTask;

    /// <summary>When a batch handler begins; told how many events it has.</summary>
    public Action<int> OnBatch { get; set; } = _ => { };

    public int Batches => Volatile.Read(ref _batches);

    public static HandlerScript Throwing(Func<int, bool> when, Func<Exception>? what = null)
        => new()
        {
            Before = (number, _, _) => when(number) ? throw (what?.Invoke() ?? new InvalidOperationException($"No {number}.")) : Task.CompletedTask,
        };

    public void BeginBatch(int count)
    {
        Interlocked.Increment(ref _batches);
        OnBatch(count);
    }
}
