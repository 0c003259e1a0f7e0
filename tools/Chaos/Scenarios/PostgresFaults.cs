using System.Globalization;

namespace FanOut.Chaos.Scenarios;

/// <summary>Postgres goes away.</summary>
internal static class PostgresFaults
{
    private static readonly string SlowCommits = EmbeddedSql.Read("Scenarios.slow_commits.sql");
    private static readonly string UsualCommits = EmbeddedSql.Read("Scenarios.usual_commits.sql");
    private static readonly string TerminateSessions = EmbeddedSql.Read("Scenarios.terminate_sessions.sql");

    public static IReadOnlyList<Scenario> All { get; } =
    [
        new("postgres-kill", "kill -9 of Postgres with all its sessions, and a start", Part.Postgres, KillAsync),
        new("postgres-away", "Postgres is stopped for 30 s", Part.Postgres, StopAsync),
        new("postgres-cut", "all sessions are ended by the server, several times", Part.Postgres, CutAsync),
        new("slow-commits", "orders that have their place in the outbox take their time to commit, and some roll back: later ones overtake them", Part.Postgres, SlowCommitsAsync),
    ];

    private static async Task KillAsync(Fault fault, CancellationToken cancellationToken)
    {
        await fault.System.Postgres.KillAsync();
        fault.Say("kill -9 postgres");
        await Fault.WaitAsync(fault.Time(2, 1), cancellationToken);
        await fault.System.Postgres.RestartAsync(cancellationToken);
        fault.Say("postgres started");
    }

    private static async Task StopAsync(Fault fault, CancellationToken cancellationToken)
    {
        await fault.System.Postgres.StopAsync();
        fault.Say("postgres stopped");
        await Fault.WaitAsync(fault.Time(30, 6), cancellationToken);
        await fault.System.Postgres.RestartAsync(cancellationToken);
        fault.Say("postgres started");
    }

    private static async Task SlowCommitsAsync(Fault fault, CancellationToken cancellationToken)
    {
        await ExecuteAsync(SlowCommits);
        fault.Say("three in ten orders commit up to 0.4 s late, one in ten rolls back");
        try
        {
            await Fault.WaitAsync(fault.Time(10, 4), cancellationToken);
        }
        finally
        {
            await ExecuteAsync(UsualCommits);
            fault.Say("orders commit as usual");
        }

        async Task ExecuteAsync(string sql)
        {
#pragma warning disable CA2100 // The SQL is one of this project's files.
            await using var command = fault.System.Database.CreateCommand(sql);
#pragma warning restore CA2100
            await command.ExecuteNonQueryAsync(CancellationToken.None);
        }
    }

    private static async Task CutAsync(Fault fault, CancellationToken cancellationToken)
    {
        for (var time = 0; time < (fault.IsQuick ? 2 : 5); time++)
        {
            await using var command = fault.System.Database.CreateCommand(TerminateSessions);
            var ended = (long)(await command.ExecuteScalarAsync(cancellationToken))!;
            fault.Say(string.Create(CultureInfo.InvariantCulture, $"{ended} sessions of postgres ended"));
            await Fault.WaitAsync(TimeSpan.FromSeconds(1), cancellationToken);
        }
    }
}
