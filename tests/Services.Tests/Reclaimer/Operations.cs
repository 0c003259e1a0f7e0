using FanOut.Contracts.Operations;
using FanOut.EventBus;
using FanOut.Reclaimer;
using FanOut.TestServers;
using Refit;
using StackExchange.Redis;
using Xunit;

namespace FanOut.Services.Tests.Reclaimer;

/// <summary>A reclaimer service with one registered group, and dead letters that tests insert.</summary>
internal sealed class Operations : IAsyncDisposable
{
    public const string Group = "billing";

    private readonly ConnectionMultiplexer _redis;
    private long _entry = new EntryId(1_700_000_000_000, 0).Value;

    private Operations(string stream, ServiceHost<UnavailableFilter> host, ConnectionMultiplexer redis)
    {
        Stream = stream;
        Host = host;
        _redis = redis;
        Api = RestService.For<IOperationsApi>(host.Http, new RefitSettings(new SystemTextJsonContentSerializer(OperationsJson.Default.Options)));
    }

    public string Stream { get; }

    public ServiceHost<UnavailableFilter> Host { get; }

    public IOperationsApi Api { get; }

    public IDatabase Redis => _redis.GetDatabase();

    public string RedriveKey => $"{{{Stream}}}:{Group}:redrive";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static async Task<Operations> StartAsync()
    {
        var stream = RedisServer.UniqueName();
        var settings = new Dictionary<string, string> { ["EventBus:Stream"] = stream, ["EventBus:Reclaimer:Interval"] = "00:00:00.2" };
        var host = await ServiceHost<UnavailableFilter>.StartAsync(settings, cancellationToken: Cancellation);
        var operations = new Operations(stream, host, await (await RedisServer.SharedAsync()).ConnectAsync());
        await operations.ExecuteAsync(
            $"insert into bus.consumer_group values ('{stream}', '{Group}', 'earliest', 0, 3, interval '60 seconds', interval '15 seconds')");
        return operations;
    }

    /// <summary>A dead letter as it stands when its entry has left the pending entries.</summary>
    public async Task<long> AddAsync(string data = """{"number":1}""", string error = "Boom", string subject = "s-1")
    {
        _entry++;
        await using var command = Host.Database.DataSource.CreateCommand(
            """
            with covered as (insert into bus.inbox values ($1, $2, int8range($3, $3 + 1)))
            insert into bus.dead_letters (
                stream, "group", entry, event_id, type, source, subject, time, fields, consumer, deliveries, error, projected_at)
            values (
                $1, $2, $3, gen_random_uuid(), 'order.placed', 'tests', $4, now(),
                jsonb_build_array(jsonb_build_object('name', 'id', 'value', '1'), jsonb_build_object('name', 'data', 'value', $5)),
                'lane', 3, $6, now())
            returning number
            """);
        foreach (object value in new object[] { Stream, Group, _entry, subject, data, error })
        {
            command.Parameters.AddWithValue(value);
        }

        return (long)(await command.ExecuteScalarAsync(Cancellation))!;
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

    public async ValueTask DisposeAsync()
    {
        await Host.DisposeAsync();
        await _redis.DisposeAsync();
    }
}
