namespace FanOut.TestServers;

public sealed record PostgresServerOptions
{
    /// <summary>Off by default: only a crash of the host could tell the difference, and a killed server keeps its data.</summary>
    public bool Fsync { get; init; }

    /// <summary>Default 200.</summary>
    public int MaxConnections { get; init; } = 200;

    /// <summary>Of the superuser <c>postgres</c>; null: nobody is asked for one.</summary>
    public string? Password { get; init; }

    /// <summary>TLS with this certificate; null for none.</summary>
    public ServerCertificate? Certificate { get; init; }

    /// <summary>A file that what the server prints is appended to; null for none.</summary>
    public string? Log { get; init; }

    /// <summary>Further settings, as on the <c>postgres -c name=value</c> command line.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();

    /// <summary>Further settings of <see cref="PostgresDatabase.DataSource"/>, as in a connection string.</summary>
    public string ClientSettings { get; init; } = "";
}
