using StackExchange.Redis;

namespace FanOut.TestServers;

/// <summary>A Redis Cluster of masters that share the slots.</summary>
public sealed class RedisCluster : IAsyncDisposable
{
    private const int Slots = 16_384;
    private readonly IReadOnlyList<RedisServer> _masters;

    private RedisCluster(IReadOnlyList<RedisServer> masters) => _masters = masters;

    public string ConnectionString => string.Join(',', _masters.Select(master => master.ConnectionString));

    public static async Task<RedisCluster> StartAsync(int masters, CancellationToken cancellationToken = default)
    {
        var options = new RedisServerOptions { Settings = new Dictionary<string, string> { ["cluster-enabled"] = "yes" } };
        var cluster = new RedisCluster(
            await Task.WhenAll(Enumerable.Range(0, masters).Select(_ => RedisServer.StartAsync(options, cancellationToken))));
        try
        {
            await cluster.FormAsync(cancellationToken);
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var master in _masters)
        {
            await master.DisposeAsync();
        }
    }

    private async Task FormAsync(CancellationToken cancellationToken)
    {
        var connections = await Task.WhenAll(_masters.Select(master => master.ConnectAsync()));
        try
        {
            var servers = connections.Select((connection, i) => connection.GetServer("127.0.0.1", _masters[i].Port)).ToArray();
            for (var i = 0; i < servers.Length; i++)
            {
                var (first, pastLast) = (Slots * i / servers.Length, Slots * (i + 1) / servers.Length);
                await servers[i].ExecuteAsync("CLUSTER", "ADDSLOTSRANGE", first, pastLast - 1);
                await servers[i].ExecuteAsync("CLUSTER", "SET-CONFIG-EPOCH", i + 1);
                await servers[0].ExecuteAsync("CLUSTER", "MEET", "127.0.0.1", _masters[i].Port);
            }

            foreach (var server in servers)
            {
                await Until.TrueAsync(() => IsWholeAsync(server), TimeSpan.FromSeconds(60), "the cluster to be whole", cancellationToken, 20);
            }
        }
        finally
        {
            await Task.WhenAll(connections.Select(connection => connection.DisposeAsync().AsTask()));
        }
    }

    private async Task<bool> IsWholeAsync(IServer server)
    {
        var info = (string?)await server.ExecuteAsync("CLUSTER", "INFO");
        return info!.Contains("cluster_state:ok", StringComparison.Ordinal)
            && info.Contains($"cluster_size:{_masters.Count}", StringComparison.Ordinal);
    }
}
