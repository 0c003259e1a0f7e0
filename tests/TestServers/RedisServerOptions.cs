namespace FanOut.TestServers;

public sealed record RedisServerOptions
{
    /// <summary>Append-only file on. Off by default; switch it on to restart with the same data.</summary>
    public bool AppendOnly { get; init; }

    /// <summary><c>always</c>, <c>everysec</c> or <c>no</c>.</summary>
    public string AppendFsync { get; init; } = "everysec";

    /// <summary>A Redis size such as <c>8mb</c>; null for no limit.</summary>
    public string? MaxMemory { get; init; }

    public string MaxMemoryPolicy { get; init; } = "noeviction";

    public string? Password { get; init; }

    /// <summary>TLS with this certificate, and nothing in clear; null for no TLS.</summary>
    public ServerCertificate? Certificate { get; init; }

    /// <summary>A data folder that outlives the server; null for a temporary one.</summary>
    public string? Directory { get; init; }

    /// <summary>A file that what the server prints is appended to; null for none.</summary>
    public string? Log { get; init; }

    /// <summary>Users beside the default one, as lines of an ACL file.</summary>
    public IReadOnlyList<string> Users { get; init; } = [];

    /// <summary>Further configuration directives, such as <c>["replicaof"] = "127.0.0.1 6379"</c>.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();
}
