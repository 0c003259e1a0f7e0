using StackExchange.Redis;

namespace FanOut.EventBus.Tests.Protocol;

/// <summary>
/// Stands between one actor and Redis: each call waits here, in order, until the schedule lets it go on. So an actor can be stopped, for good or for a while, between any two of its calls, and whatever it holds in Postgres
/// meanwhile it really holds.
/// </summary>
internal sealed class RedisGate
{
    private readonly Lock _lock = new();
    private readonly Queue<Call> _waiting = [];
    private TaskCompletionSource _arrived = NewSignal();
    private bool _isOpen;
    private bool _isDead;

    /// <summary>Of the actor whose code runs.</summary>
    public static AsyncLocal<RedisGate?> Current { get; } = new();

    public bool IsDead => Volatile.Read(ref _isDead);

    public Task<T> PassAsync<T>(Func<Task<T>> call)
    {
        var waiting = new Call<T>(this, call);
        lock (_lock)
        {
            if (_isDead)
            {
                return Task.FromException<T>(Gone());
            }

            if (!_isOpen)
            {
                _waiting.Enqueue(waiting);
                _arrived.TrySetResult();
                return waiting.Answer;
            }
        }

        _ = waiting.MakeAsync(CallFate.Answered);
        return waiting.Answer;
    }

    /// <summary>Lets one call go on, and waits for its end.</summary>
    /// <param name="fate">What becomes of it.</param>
    /// <param name="ended">The actor's end.</param>
    /// <param name="patience">How long the actor may take until it makes a call.</param>
    /// <returns>False where it made none: it waits for Postgres or for time to pass, or has ended.</returns>
    public async Task<bool> StepAsync(CallFate fate, Task ended, TimeSpan patience)
    {
        if (!await HasArrivedAsync(ended, patience))
        {
            return false;
        }

        Call? next;
        lock (_lock)
        {
            _waiting.TryDequeue(out next);
            if (_waiting.Count == 0)
            {
                _arrived = NewSignal();
            }
        }

        if (next is null)
        {
            return false;
        }

        await next.MakeAsync(fate);
        return true;
    }

    /// <summary>Waits until the actor wants to make a call.</summary>
    public async Task<bool> HasArrivedAsync(Task ended, TimeSpan patience)
    {
        Task arrived;
        lock (_lock)
        {
            arrived = _arrived.Task;
        }

        try
        {
            return await Task.WhenAny(arrived, ended).WaitAsync(patience, TimeProvider.System) == arrived;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    /// <summary>From now on nothing waits.</summary>
    public void Open()
    {
        Call[] waiting;
        lock (_lock)
        {
            _isOpen = true;
            waiting = [.. _waiting];
            _waiting.Clear();
        }

        foreach (var call in waiting)
        {
            _ = call.MakeAsync(CallFate.Answered);
        }
    }

    /// <summary>From now on no call reaches Redis.</summary>
    public void Die()
    {
        Call[] waiting;
        lock (_lock)
        {
            _isDead = true;
            waiting = [.. _waiting];
            _waiting.Clear();
        }

        foreach (var call in waiting)
        {
            _ = call.MakeAsync(CallFate.Refused);
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private static RedisConnectionException Gone() => new(ConnectionFailureType.SocketFailure, CommandFlags.None, "The schedule has cut this connection.");

    private abstract class Call
    {
        public abstract Task MakeAsync(CallFate fate);
    }

    private sealed class Call<T>(RedisGate gate, Func<Task<T>> make) : Call
    {
        private readonly TaskCompletionSource<T> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<T> Answer => _answer.Task;

        public override async Task MakeAsync(CallFate fate)
        {
            if (fate == CallFate.Refused)
            {
                _answer.TrySetException(Gone());
                return;
            }

            try
            {
                var reply = await make();
                if (fate == CallFate.CallerDies)
                {
                    gate.Die();
                }

                if (fate == CallFate.Answered)
                {
                    _answer.TrySetResult(reply);
                }
                else
                {
                    _answer.TrySetException(Gone());
                }
            }
            catch (Exception e)
            {
                _answer.TrySetException(e);
            }
        }
    }
}
