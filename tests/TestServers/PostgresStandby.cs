using NpgsqlTypes;

namespace FanOut.TestServers;

/// <summary>
/// A copy of a <see cref="PostgresServer"/> that follows it by asynchronous streaming. Its settings are the primary's. What the primary
/// commits while receiving is paused is lost when the primary dies and the standby is promoted.
/// </summary>
public sealed class PostgresStandby : PostgresServer
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(60);

    private readonly PostgresServer _primary;

    private PostgresStandby(PostgresServer primary)
        : base(primary.Options with { Log = null }) => _primary = primary;

    /// <summary>
    /// Copies the primary and follows it. A former primary comes back as a standby in this way: stop it, and start a standby of the new
    /// primary on its port.
    /// </summary>
    /// <param name="primary">The server to follow.</param>
    /// <param name="port">Null for a free one.</param>
    /// <param name="cancellationToken">Cancels the copy and the wait for the first answer.</param>
    public static async Task<PostgresStandby> StartAsync(
        PostgresServer primary, int? port = null, CancellationToken cancellationToken = default)
    {
        var standby = new PostgresStandby(primary);
        await standby.StartAsync(port, cancellationToken);
        return standby;
    }

    /// <summary>Waits until everything that the primary has committed so far can be read here.</summary>
    /// <exception cref="TimeoutException">It is still behind after a minute.</exception>
    public async Task CatchUpAsync(CancellationToken cancellationToken = default)
    {
        var position = (NpgsqlLogSequenceNumber)(await _primary.ExecuteAsync("select pg_current_wal_lsn()", cancellationToken))!;
        await WaitForAsync(position, cancellationToken);
    }

    /// <summary>Waits until the log up to a position can be read here.</summary>
    /// <exception cref="TimeoutException">It is still behind after a minute.</exception>
    public Task WaitForAsync(NpgsqlLogSequenceNumber position, CancellationToken cancellationToken = default) =>
        WaitUntilAsync($"select pg_last_wal_replay_lsn() >= '{position}'", $"the standby to reach {position}", cancellationToken);

    /// <summary>Breaks the stream from the primary; returns when nothing more can arrive.</summary>
    public async Task PauseReceivingAsync(CancellationToken cancellationToken = default)
    {
        await SetAsync("primary_conninfo", "", cancellationToken);
        await WaitUntilAsync("select not exists (select from pg_stat_wal_receiver)", "the standby to stop receiving", cancellationToken);
    }

    /// <summary>Goes on where it was.</summary>
    public Task ResumeReceivingAsync(CancellationToken cancellationToken = default) =>
        SetAsync("primary_conninfo", ConnectionInfo(_primary), cancellationToken);

    /// <summary>Makes it a primary; returns when it takes writes.</summary>
    public async Task PromoteAsync(CancellationToken cancellationToken = default)
    {
        if (await ExecuteAsync("select pg_promote()", cancellationToken) is not true)
        {
            throw new TestServerException($"The standby was not promoted in time. Its last log lines:{Environment.NewLine}{LogTail}");
        }
    }

    private protected override async Task CreateDataAsync(CancellationToken cancellationToken)
    {
        await ServerProcess.RunToEndAsync(
            "pg_basebackup",
            ServerBinary.BaseBackup,
            ["-d", ConnectionInfo(_primary), "-D", DataFolder, "--checkpoint=fast", "--no-sync"],
            asServiceUser: true,
            cancellationToken);
        await File.WriteAllTextAsync(Path.Combine(DataFolder, "standby.signal"), "", cancellationToken);
        await File.AppendAllTextAsync(
            Path.Combine(DataFolder, "postgresql.auto.conf"), $"primary_conninfo = '{ConnectionInfo(_primary)}'\n", cancellationToken);
    }

    private static string ConnectionInfo(PostgresServer server) =>
        $"host=127.0.0.1 port={server.Port} user=postgres{(server.Options.Password is { } password ? $" password={password}" : "")}";

    private Task WaitUntilAsync(string condition, string what, CancellationToken cancellationToken) =>
        Until.TrueAsync(
            async () => await ExecuteAsync(condition, cancellationToken) is true, Timeout, what, cancellationToken, everyMilliseconds: 10);
}
