namespace FanOut.TestServers;

/// <summary>A Redis Sentinel that alone decides: it promotes a replica when the primary has not answered for half a second.</summary>
public sealed class RedisSentinel : TestServer
{
    private const string Service = "fanout";
    private readonly RedisServer _primary;

    private RedisSentinel(RedisServer primary)
        : base(folder: null) => _primary = primary;

    /// <summary>Leads to the present primary.</summary>
    public string ConnectionString => $"127.0.0.1:{Port},serviceName={Service}";

    private string SettingsFile => Path.Combine(Directory, "sentinel.conf");

    public static async Task<RedisSentinel> StartAsync(RedisServer primary, CancellationToken cancellationToken = default)
    {
        var sentinel = new RedisSentinel(primary);
        await sentinel.StartAsync(port: null, cancellationToken);
        return sentinel;
    }

    private protected override async Task<ServerProcess> LaunchAsync()
    {
        await File.WriteAllTextAsync(
            SettingsFile,
            $"""
            bind 127.0.0.1
            port {Port}
            dir {Directory}
            sentinel monitor {Service} 127.0.0.1 {_primary.Port} 1
            sentinel down-after-milliseconds {Service} 500
            sentinel failover-timeout {Service} 2000

            """);
        return await ServerProcess.StartAsync("Redis Sentinel", ServerBinary.Redis, [SettingsFile, "--sentinel"]);
    }

    private protected override Task<bool> AnswersAsync(CancellationToken cancellationToken) =>
        RedisPing.AnswersAsync(Port, password: null, certificate: null, cancellationToken);
}
