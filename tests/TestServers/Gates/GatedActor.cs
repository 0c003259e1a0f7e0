using Npgsql;
using StackExchange.Redis;

namespace FanOut.TestServers.Gates;

/// <summary>Real code that goes on only when it is its turn, on sessions of its own.</summary>
public abstract class GatedActor : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(60);
    private readonly CancellationTokenSource _dying = new();
    private readonly string _connectionString;
    private readonly PostgresGate? _postgresGate;

    /// <param name="name">The name of its sessions in Postgres: no other actor's.</param>
    /// <param name="redis">A connection that it may share.</param>
    /// <param name="connectionString">Of its database.</param>
    /// <param name="gatesPostgres">Whether calls to Postgres wait for their turn too.</param>
    protected GatedActor(string name, IConnectionMultiplexer redis, string connectionString, bool gatesPostgres = false)
    {
        Name = name;
        Redis = GatedRedis.Create(redis, Gate);
        _connectionString = connectionString;
        var postgres = new NpgsqlConnectionStringBuilder(connectionString) { ApplicationName = name };
        if (gatesPostgres)
        {
            _postgresGate = PostgresGate.Start(postgres.Port, Gate);
            postgres.Port = _postgresGate.Port;
        }

        Postgres = NpgsqlDataSource.Create(postgres);
    }

    public string Name { get; }

    public CallGate Gate { get; } = new();

    public bool HasEnded => Ended.IsCompleted;

    protected IConnectionMultiplexer Redis { get; }

    protected NpgsqlDataSource Postgres { get; }

    protected CancellationToken Dying => _dying.Token;

    protected Task Ended { get; private set; } = Task.CompletedTask;

    public void Start() => Ended = Task.Run(async () =>
    {
        CallGate.Current.Value = Gate;
        try
        {
            if (_postgresGate is not null)
            {
                await _postgresGate.LoadTypesAsync(Postgres, Dying);
            }

            await RunAsync();
        }
        catch (Exception) when (Gate.IsDead || Dying.IsCancellationRequested)
        {
            // A dead process tells nobody why its calls failed.
        }
    });

    /// <summary>Makes so many calls, and goes on until it wants to make the next.</summary>
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
        await ReadAsync($"""
            select pg_terminate_backend(pid)::text from pg_stat_activity
            where datname = current_database() and application_name = '{Name}'
            """);
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
            var sessions = await ReadAsync(
                """
                select concat_ws(' ', application_name, state, wait_event_type, wait_event, query) from pg_stat_activity
                where datname = current_database() and pid <> pg_backend_pid()
                """);
            throw new TimeoutException($"{Name} does not end. It waits for {Gate}. Sessions: {string.Join(Environment.NewLine, sessions)}");
        }

        await Postgres.DisposeAsync();
        if (_postgresGate is not null)
        {
            await _postgresGate.DisposeAsync();
        }

        _dying.Dispose();
        GC.SuppressFinalize(this);
    }

    protected abstract Task RunAsync();

    /// <summary>Not through the gate.</summary>
    private async Task<List<string>> ReadAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(_connectionString + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await using var reader = await command.ExecuteReaderAsync();
        var rows = new List<string>();
        while (await reader.ReadAsync())
        {
            rows.Add(reader.GetString(0));
        }

        return rows;
    }
}
