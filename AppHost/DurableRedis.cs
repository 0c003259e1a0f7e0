namespace FanOut.AppHost;

internal static class DurableRedis
{
    private static readonly string[] Settings = ["--appendonly", "yes", "--appendfsync", "everysec", "--maxmemory-policy", "noeviction"];

    /// <summary>What a stream needs of its server: an append-only file, and no eviction.</summary>
    public static IResourceBuilder<RedisResource> WithDurableStreams(this IResourceBuilder<RedisResource> redis) =>
        redis.WithArgs(context =>
        {
            // When published, the server's command line is one string for a shell: what comes after it would be the shell's own arguments.
            if (context.Args is ["-c", string command])
            {
                context.Args[1] = $"{command} {string.Join(' ', Settings)}";
                return;
            }

            foreach (var setting in Settings)
            {
                context.Args.Add(setting);
            }
        });
}
