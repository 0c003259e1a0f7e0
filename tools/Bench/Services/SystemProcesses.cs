using System.Net.Http.Json;

namespace FanOut.Bench.Services;

/// <summary>
/// Starts FanOut's services on the benchmark's servers, each with its own accounts. They log warnings only and record no traces; metrics are
/// collected.
/// </summary>
internal sealed class SystemProcesses(BenchServers servers, PostgresDatabase database)
{
    public static readonly string[] Workers = ["WebhookWorker", "AnalyticsWorker", "NotificationWorker"];

    private Task? _migrated;

    public IReadOnlyDictionary<string, string> Environment => new Dictionary<string, string>
    {
        ["ConnectionStrings__redis"] = servers.RedisServer.ConnectionString,
        ["ConnectionStrings__fanout"] = database.ConnectionString,
        ["Postgres__MaxAutoPrepare"] = "32",

        // One caller sends everything.
        ["Requests__RatePerCaller"] = "1000000",
        ["Requests__BurstPerCaller"] = "1000000",
        ["Logging__LogLevel__Default"] = "Warning",
        ["OTEL_TRACES_SAMPLER"] = "always_off",
    };

    /// <summary>Starts a service. Its client has a key that may do everything.</summary>
    public async Task<ServiceProcess> StartAsync(string project, CancellationToken cancellationToken, params (string Key, string Value)[] settings)
    {
        await (_migrated ??= ServiceAccounts.MigrateAsync(database.ConnectionString, cancellationToken));
        var environment = new Dictionary<string, string>(Environment)
        {
            ["ConnectionStrings__redis"] = ServiceAccounts.Redis(project, servers.RedisServer.ConnectionString),
            ["ConnectionStrings__fanout"] = ServiceAccounts.Postgres(project, database.ConnectionString),
        };
        foreach (var (key, value) in settings)
        {
            environment[key] = value;
        }

        var service = await ServiceProcess.StartAsync(project, SourceTree.Program(project), [], environment, cancellationToken);
        await TestKey.AddAsync(database.DataSource, cancellationToken);
        service.Http.DefaultRequestHeaders.Authorization = TestKey.Header;
        return service;
    }

    /// <summary>Starts a worker. Port 1 refuses connections, so mails stay rows. Webhooks are sent to the sink, one at a time.</summary>
    public async Task<ServiceProcess> StartWorkerAsync(string project, WebhookSink sink, CancellationToken cancellationToken)
    {
        var worker = await StartAsync(
            project,
            cancellationToken,
            ("Smtp__Host", "127.0.0.1"),
            ("Smtp__Port", "1"),
            ("Webhooks__AllowPrivateNetworks", "true"),
            ("Webhooks__ConcurrencyPerEndpoint", "1"));
        if (project == "WebhookWorker")
        {
            using var answer = await worker.Http.PostAsJsonAsync(new Uri("/endpoints", UriKind.Relative), new { url = sink.Url }, cancellationToken);
            if (!answer.IsSuccessStatusCode)
            {
                await worker.DisposeAsync();
                throw new InvalidOperationException($"The webhook endpoint was refused: {await answer.Content.ReadAsStringAsync(cancellationToken)}");
            }
        }

        return worker;
    }

    /// <summary>This program again, in one of its other parts.</summary>
    public Task<ServiceProcess> StartSelfAsync(string command, CancellationToken cancellationToken) =>
        ServiceProcess.StartAsync(command, typeof(SystemProcesses).Assembly.Location, [command], Environment, cancellationToken);
}

/// <summary>Sees how far groups of a stream are that is not trimmed: there XINFO counts right.</summary>
internal sealed class GroupWatch(IDatabase redis, StreamName stream)
{
    public Task<long> LengthAsync() => redis.StreamLengthAsync(StreamKeys.Stream(stream));

    /// <summary>How many entries each group has finished.</summary>
    public async Task<Dictionary<string, long>> DoneAsync()
    {
        if (!await redis.KeyExistsAsync(StreamKeys.Stream(stream)))
        {
            return [];
        }

        var groups = await redis.StreamGroupInfoAsync(StreamKeys.Stream(stream));
        return groups.ToDictionary(info => info.Name, info => (info.EntriesRead ?? 0) - info.PendingMessageCount);
    }
}

/// <summary>Sees what waits in the outbox of the only stream of a database.</summary>
internal sealed class OutboxWatch(BenchServers servers, StreamName stream)
{
    private static readonly string FindHighest = EmbeddedSql.Read("Services.find_highest.sql");

    public async Task<long> BacklogAsync(CancellationToken cancellationToken)
    {
        await using var command = servers.Postgres.CreateCommand(FindHighest);
        var highest = (long)(await command.ExecuteScalarAsync(cancellationToken))!;
        return highest - (long)await servers.Redis.HashGetAsync(StreamKeys.Relay(stream), "position");
    }
}
