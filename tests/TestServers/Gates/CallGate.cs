namespace FanOut.TestServers.Gates;

/// <summary>
/// Stands between one actor and the servers: each call waits here, in order, until the schedule lets it go on. So an actor can be stopped,
/// for good or for a while, between any two of its calls, and whatever it holds in a server meanwhile it really holds.
/// </summary>
public sealed class CallGate
{
    private readonly Lock _lock = new();
    private readonly Queue<Call> _waiting = [];
    private readonly TaskCompletionSource _died = NewSignal();
    private TaskCompletionSource _arrived = NewSignal();
    private bool _isOpen;
    private int _unanswered;

    /// <summary>Of the actor whose code runs.</summary>
    public static AsyncLocal<CallGate?> Current { get; } = new();

    public bool IsDead => _died.Task.IsCompleted;

    /// <summary>Ends with <see cref="Die"/>.</summary>
    public Task Died => _died.Task;

    /// <summary>Makes a call when it is its turn.</summary>
    /// <param name="call">Makes it, and waits for the reply.</param>
    /// <param name="failure">What the caller gets where the call or the reply is lost.</param>
    public Task<T> PassAsync<T>(Func<Task<T>> call, Func<Exception> failure)
    {
        var waiting = new Call<T>(this, call, failure);
        Interlocked.Increment(ref _unanswered);
        _ = waiting.Answer.ContinueWith(_ => Interlocked.Decrement(ref _unanswered), TaskScheduler.Default);
        lock (_lock)
        {
            if (!IsDead && !_isOpen)
            {
                _waiting.Enqueue(waiting);
                _arrived.TrySetResult();
                return waiting.Answer;
            }
        }

        _ = waiting.MakeAsync(IsDead ? CallFate.Refused : CallFate.Answered);
        return waiting.Answer;
    }

    /// <summary>Lets one call go on, and waits for its end: no longer than its patience, for it may wait for a lock.</summary>
    /// <param name="fate">What becomes of it.</param>
    /// <param name="ended">The actor's end.</param>
    /// <param name="patience">How long the actor may take until it makes a call, and the call until it is answered.</param>
    /// <returns>False where it made none: it waits for a server or for time to pass, or has ended.</returns>
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

        await next.MakeAsync(fate).WaitAsync(patience, TimeProvider.System).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
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

    /// <summary>From now on no call reaches a server.</summary>
    public void Die()
    {
        Call[] waiting;
        lock (_lock)
        {
            _died.TrySetResult();
            waiting = [.. _waiting];
            _waiting.Clear();
        }

        foreach (var call in waiting)
        {
            _ = call.MakeAsync(CallFate.Refused);
        }
    }

    /// <summary>The calls that it has let through, or keeps, and that are not answered.</summary>
    public override string ToString() => $"{_unanswered} calls, of which {_waiting.Count} were not made";

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private abstract class Call
    {
        public abstract Task MakeAsync(CallFate fate);
    }

    private sealed class Call<T>(CallGate gate, Func<Task<T>> make, Func<Exception> failure) : Call
    {
        private readonly TaskCompletionSource<T> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<T> Answer => _answer.Task;

        public override async Task MakeAsync(CallFate fate)
        {
            if (fate == CallFate.Refused)
            {
                _answer.TrySetException(failure());
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
                    _answer.TrySetException(failure());
                }
            }
            catch (Exception e)
            {
                _answer.TrySetException(e);
            }
        }
    }
}
