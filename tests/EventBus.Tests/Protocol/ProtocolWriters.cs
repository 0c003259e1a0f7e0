using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace FanOut.EventBus.Tests.Protocol;

/// <summary>Transactions that add events, open side by side, and end in any order.</summary>
internal sealed class ProtocolWriters(ProtocolWorld world) : IAsyncDisposable
{
    public const string SessionName = "writer";

    private readonly NpgsqlDataSource _postgres = NpgsqlDataSource.Create(
        new NpgsqlConnectionStringBuilder(world.ConnectionString) { ApplicationName = SessionName });
    private readonly Outbox _outbox = world.Services.GetRequiredService<Outbox>();
    private readonly List<(NpgsqlConnection Connection, NpgsqlTransaction Transaction, List<Guid> Events)> _open = [];
    private int _number;

    public HashSet<Guid> Committed { get; } = [];

    public int Open => _open.Count;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async Task BeginAsync(int events)
    {
        var connection = await _postgres.OpenConnectionAsync(Cancellation);
        _open.Add((connection, await connection.BeginTransactionAsync(Cancellation), []));
        await AddAsync(_open.Count - 1, events);
    }

    public async Task AddAsync(int index, int events)
    {
        var added = Enumerable.Range(0, events).Select(_ => new NewEvent<Ping>("ping", new Ping(++_number))).ToArray();
        await _outbox.AddAsync(_open[index].Connection, added, Cancellation);
        _open[index].Events.AddRange(added.Select(item => item.Id));
        var newer = new NewEvent<Invoiced>("invoice", new Invoiced(++_number));
        await _outbox.AddAsync(_open[index].Connection, newer, Cancellation);
        _open[index].Events.Add(newer.Id);
    }

    public async Task EndAsync(int index, bool commit)
    {
        var (connection, transaction, events) = _open[index];
        _open.RemoveAt(index);
        if (commit)
        {
            await transaction.CommitAsync(Cancellation);
            Committed.UnionWith(events);
        }

        await transaction.DisposeAsync();
        await connection.DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        while (_open.Count > 0)
        {
            await EndAsync(0, commit: false);
        }

        await _postgres.DisposeAsync();
    }
}
