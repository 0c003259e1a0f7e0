using FanOut.Bench.Services;

namespace FanOut.Bench.Ingest;

/// <summary>How many orders the API takes, against an API that only inserts a row.</summary>
internal sealed class IngestScenario : IScenario
{
    private const int Connections = 32;
    private const int BatchSize = 100;
    private const string Unit = "orders/s";

    public string Name => "ingest";

    public async Task<IReadOnlyList<Measurement>> RunAsync(BenchRun run, CancellationToken cancellationToken)
    {
        await using var servers = await BenchServers.StartAsync(cancellationToken);
        var system = new SystemProcesses(servers, servers.Database);
        await using var bare = await system.StartSelfAsync(BareApi.CommandName, cancellationToken);
        await using var api = await system.StartAsync("OrderApi", cancellationToken);
        await using var open = await system.StartAsync(
            "OrderApi", cancellationToken, ("Access__AllowAnonymous", "true"), ("ASPNETCORE_ENVIRONMENT", "Testing"));
        var outbox = new OutboxWatch(servers, new StreamName("orders"));
        var measurements = new List<Measurement>();
        foreach (var (name, bodies) in new[] { ("ingest", new OrderBodies(1)), ("ingest-batch", new OrderBodies(BatchSize)) })
        {
            var path = bodies.OrdersPerRequest == 1 ? "POST /orders" : $"POST /orders/batch of {BatchSize}";
            measurements.AddRange(await Rounds.RunAsync(
                name,
                run,
                [
                    Load($"bare API, {path}", Standing.Limit, bare, bodies, false),
                    Load($"order API, {path}", Standing.Ours, api, bodies, false, Goal.RatioAtLeast(0.80)),
                    Load($"order API, {path} with Idempotency-Key", Standing.Ours, api, bodies, true),
                    Load($"order API, {path} without authentication", Standing.Ours, open, bodies, false),
                ],
                cancellationToken));
        }

        return measurements;

        Variant Load(string name, Standing standing, ServiceProcess service, OrderBodies bodies, bool withKey, params Goal[] goals) =>
            Variant.Of(name, standing, Unit, (warmUp, token) => LoadAsync(service, bodies, withKey, warmUp, token), goals);

        async Task<double> LoadAsync(ServiceProcess service, OrderBodies bodies, bool withKey, bool warmUp, CancellationToken token)
        {
            var duration = warmUp ? run.Pick(3.0, 1.5, 0.2) : run.Pick(8.0, 2.0, 0.3);

            // The runtime recompiles hot code in the background. A larger program needs more calls to warm up.
            var calls = warmUp ? run.Pick(10_000, 3_000, 0) / (bodies.OrdersPerRequest == 1 ? 1 : 4) : 0;
            var rate = await HttpLoad.RunAsync(service.Http, () => bodies.Next(withKey), Connections, TimeSpan.FromSeconds(duration), calls, token);

            // The relay's backlog must not slow down the next variant.
            await Until.TrueAsync(async () => await outbox.BacklogAsync(token) == 0, "the outbox to be published", token, everyMilliseconds: 50);
            return rate * bodies.OrdersPerRequest;
        }
    }
}
