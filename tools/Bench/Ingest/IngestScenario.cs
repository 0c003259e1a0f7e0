using FanOut.Bench.Running;
using FanOut.Bench.Services;
using FanOut.TestServers;

namespace FanOut.Bench.Ingest;

/// <summary>How many orders the API takes, against an API that only inserts a row.</summary>
internal sealed class IngestScenario : IScenario
{
    private const int Connections = 32;
    private const int BatchSize = 100;
    private const string Unit = "orders/s";

    public string Name => "ingest";

    public string Description =>
        "Orders of three lines are posted over 32 connections, each sending its next request when its last is answered. The limit is a bare minimal API that deserialises an order and inserts one row in one transaction (a batch: its rows in one statement), with the same Kestrel, JSON and Npgsql settings. The order API also validates, computes, hashes the request, and writes the outbox row; its relay publishes meanwhile. Both run as processes of their own, log warnings only and record no traces. The load generator has the same cores.";

    public async Task<IReadOnlyList<Measurement>> RunAsync(BenchRun run, CancellationToken cancellationToken)
    {
        await using var servers = await BenchServers.StartAsync(cancellationToken);
        var system = new SystemProcesses(servers, servers.Database);
        await using var bare = await system.StartSelfAsync(BareApi.CommandName, cancellationToken);
        await using var api = await system.StartAsync("OrderApi", cancellationToken);
        var outbox = new OutboxWatch(servers.Postgres);
        var measurements = new List<Measurement>();
        foreach (var (name, bodies) in new[] { ("ingest", new OrderBodies(1)), ("ingest-batch", new OrderBodies(BatchSize)) })
        {
            var path = bodies.OrdersPerRequest == 1 ? "POST /orders" : $"POST /orders/batch of {BatchSize}";
            measurements.AddRange(await Rounds.RunAsync(
                name,
                run,
                [
                    Variant.Of($"bare API, {path}", Standing.Limit, Unit, (warmUp, token) => LoadAsync(bare, bodies, false, warmUp, token)),
                    Variant.Of($"order API, {path}", Standing.Ours, Unit, (warmUp, token) => LoadAsync(api, bodies, false, warmUp, token), Goal.RatioAtLeast(0.80)),
                    Variant.Of($"order API, {path} with Idempotency-Key", Standing.Ours, Unit, (warmUp, token) => LoadAsync(api, bodies, true, warmUp, token)),
                ],
                cancellationToken));
        }

        return measurements;

        async Task<double> LoadAsync(ServiceProcess service, OrderBodies bodies, bool withKey, bool warmUp, CancellationToken token)
        {
            var duration = warmUp ? run.Pick(3.0, 1.5, 0.2) : run.Pick(8.0, 2.0, 0.3);

            // The runtime compiles what is called often a second and a third time, in the background: on a busy machine the bigger program would be measured while it still warms up, and the small one not.
            var calls = warmUp ? run.Pick(10_000, 3_000, 0) / (bodies.OrdersPerRequest == 1 ? 1 : 4) : 0;
            var rate = await HttpLoad.RunAsync(service.Http, () => bodies.Next(withKey), Connections, TimeSpan.FromSeconds(duration), calls, token);

            // What the relay has still to publish must not take the next variant's time.
            await Until.TrueAsync(async () => await outbox.BacklogAsync(token) == 0, "the outbox to be published", token, everyMilliseconds: 50);
            return rate * bodies.OrdersPerRequest;
        }
    }
}
