using FanOut.Contracts;
using FanOut.Contracts.Operations;
using FanOut.Reclaimer;
using FanOut.TestServers;
using NpgsqlTypes;
using Refit;
using Xunit;

namespace FanOut.Services.Tests.Reclaimer;

/// <summary>A reclaimer service with one registered group, and dead letters that tests insert.</summary>
internal sealed class Operations : IAsyncDisposable
{
    public const string Group = "billing";

    private int _position;

    private Operations(ServiceHost<UnavailableFilter> host)
    {
        Host = host;
        Api = RestService.For<IOperationsApi>(host.Http, new RefitSettings(new SystemTextJsonContentSerializer(OperationsJson.Default.Options)));
    }

    public ServiceHost<UnavailableFilter> Host { get; }

    public IOperationsApi Api { get; }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static async Task<Operations> StartAsync(RedisServer? redis = null)
    {
        var settings = new Dictionary<string, string> { ["EventBus:Reclaimer:Interval"] = "00:00:00.1", ["environment"] = "Development" };
        if (redis is not null)
        {
            settings["ConnectionStrings:redis"] = redis.ConnectionString;
        }

        var operations = new Operations(await ServiceHost<UnavailableFilter>.StartAsync(settings, cancellationToken: Cancellation));
        await operations.ExecuteAsync(
            $"""
            insert into bus.consumer_group (stream, name, start, done_through, max_deliveries, reclaim_after)
            values (bus.register_stream('{EventStreams.Orders}'), '{Group}', 'earliest', 0, 4, interval '60 seconds')
            """);
        return operations;
    }

    /// <summary>A dead letter of an event, or of an entry that is no event.</summary>
    public async Task<long> AddAsync(string data = """{"number":1}""", string error = "Boom", string subject = "s-1", bool isEvent = true)
    {
        var position = Interlocked.Increment(ref _position);
        await using var command = Host.Database.DataSource.CreateCommand(
            $"""
            with taken as (insert into bus.inbox select g.id, int8range($1, $1 + 1) from bus.consumer_group g where $5)
            insert into bus.retry (
                group_id, position, entry_id, id, type, source, subject, time, data, state, attempts, error, failed_at, fields)
            select
                g.id, case when $5 then $1 end, '1700000000000-' || $1, gen_random_uuid(), 'order.placed', 'tests', $3, now(),
                convert_to($2, 'UTF8'), 'dead', 4, $4, now(), case when not $5 then '["nonsense","1"]'::jsonb end
            from bus.consumer_group g
            returning number
            """);
        foreach (var value in new object[] { (long)position, data, subject, error, isEvent })
        {
            command.Parameters.AddWithValue(value);
        }

        return (long)(await command.ExecuteScalarAsync(Cancellation))!;
    }

    public async Task<string> StateAsync(long number)
    {
        await using var command = Host.Database.DataSource.CreateCommand("select state from bus.retry where number = $1");
        command.Parameters.AddWithValue(NpgsqlDbType.Bigint, number);
        return (string)(await command.ExecuteScalarAsync(Cancellation))!;
    }

    public async Task ExecuteAsync(string sql)
    {
        await using var command = Host.Database.DataSource.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(Cancellation);
    }

    public async Task<Answer> SendAsync(HttpMethod method, string path, string? json = null)
    {
        var content = json is null ? null : new StringContent(json, System.Text.Encoding.UTF8, "application/json");
        return await Answer.ToAsync(Host.Http, new HttpRequestMessage(method, path) { Content = content });
    }

    public ValueTask DisposeAsync() => Host.DisposeAsync();
}
