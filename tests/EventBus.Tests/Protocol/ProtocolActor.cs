using Npgsql;
using StackExchange.Redis;

namespace FanOut.EventBus.Tests.Protocol;

/// <summary>One of those who work on the stream: real code that goes on only when it is its turn, on sessions of its own.</summary>
internal abstract class ProtocolActor : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(60);
    private readonly CancellationTokenSource _dying = new();

    protected ProtocolActor(ProtocolWorld world, string name)
    {
        World = world;
        Name = name;
        Redis = GatedRedis.Create(world.Connection, Gate);
        Postgres = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(world.ConnectionString) { ApplicationName = name });
    }

    public string Name { get; }

    public RedisGate Gate { get; } = new();

    public bool HasEnded => Ended.IsCompleted;

    protected ProtocolWorld World { get; }

    protected IConnectionMultiplexer Redis { get; }

    protected NpgsqlDataSource Postgres { get; }

    protected CancellationToken Dying => _dying.Token;

    protected Task Ended { get; private set; } = Task.CompletedTask;

    public void Start() => Ended = Task.Run(async () =>
    {
        RedisGate.Current.Value = Gate;
        try
        {
            await RunAsync();
        }
        catch (Exception) when (Gate.IsDead || Dying.IsCancellationRequested)
        {
            // A dead process tells nobody why its calls failed.
        }
    });

    /// <summary>Makes so many calls to Redis, and goes on until it wants to make the next.</summary>
    public async Task TurnAsync(int calls, TimeSpan? patience = null)
    {
        for (; calls > 0; calls--)
        {
            if (!await Gate.StepAsync(CallFate.Answered, Ended, patience ?? Patience))
            {
                return;
            }
        }

        await Gate.HasArrivedAsync(Ended, Patience);
    }

    /// <summary>Meets a fault in its next call, and goes on.</summary>
    public async Task StumbleAsync(CallFate fate)
    {
        await Gate.StepAsync(fate, Ended, Patience);
        await Gate.HasArrivedAsync(Ended, Patience);
    }

    /// <summary>kill -9: before its next call, or behind that before its reply. Its sessions in Postgres end with it.</summary>
    public async Task KillAsync(bool afterCall)
    {
        if (afterCall)
        {
            await Gate.StepAsync(CallFate.CallerDies, Ended, Patience);
        }

        Gate.Die();
        await _dying.CancelAsync();
        await World.ExecuteAsync($"select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = '{Name}'");
    }

    /// <summary>Ends it; what went wrong while it lived is thrown.</summary>
    public virtual async ValueTask DisposeAsync()
    {
        Gate.Open();
        await _dying.CancelAsync();
        try
        {
            await Ended.WaitAsync(TimeSpan.FromSeconds(30), TimeProvider.System);
        }
        catch (TimeoutException)
        {
            var sessions = await World.ReadAsync(
                "select concat_ws(' ', application_name, state, wait_event_type, wait_event, query) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()", row => row.GetString(0));
            throw new TimeoutException($"{Name} does not end. It waits for {Gate}. Sessions: {string.Join(Environment.NewLine, sessions)}");
        }

        await Postgres.DisposeAsync();
        _dying.Dispose();
    }

    protected abstract Task RunAsync();
}
