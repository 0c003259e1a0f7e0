namespace FanOut.Chaos.Scenarios;

/// <summary>Faults of Postgres.</summary>
internal static class PostgresFaults
{
    private static readonly string SlowCommits = EmbeddedSql.Read("Scenarios.slow_commits.sql");
    private static readonly string UsualCommits = EmbeddedSql.Read("Scenarios.usual_commits.sql");
    private static readonly string FindLostOrders = EmbeddedSql.Read("Scenarios.find_lost_orders.sql");
    private static readonly string TerminateSessions = EmbeddedSql.Read("Scenarios.terminate_sessions.sql");

    public static IReadOnlyList<Scenario> All { get; } =
    [
        new("postgres-kill", "kill -9 of Postgres with all its sessions, and a restart", Part.Postgres, KillAsync),
        new("postgres-away", "Postgres is stopped for 30 s", Part.Postgres, StopAsync),
        new("postgres-cut", "the server ends all sessions, several times", Part.Postgres, CutAsync),
        new("postgres-failover", "Postgres dies, and all services switch to a standby that lacks the last commits", Part.All, FailOverAsync),
        new("postgres-switchover", "the primary is made read-only and stays up, its standby takes over behind the same address; and back", Part.All,
            SwitchOverAsync),
        new("slow-commits", "some orders commit late or roll back, and later ones overtake them", Part.Postgres, SlowCommitsAsync),
    ];

    private static async Task KillAsync(Fault fault, CancellationToken cancellationToken)
    {
        await fault.System.Postgres.KillAsync();
        await AwayAsync(fault, "kill -9 postgres", fault.Time(2, 1), cancellationToken);
    }

    private static async Task StopAsync(Fault fault, CancellationToken cancellationToken)
    {
        await fault.System.Postgres.StopAsync();
        await AwayAsync(fault, "postgres stopped", fault.Time(30, 6), cancellationToken);
    }

    /// <summary>
    /// Orders whose commits are lost are lost with what they caused. What the stream still has of them must have no effect, and every order that is
    /// left one: also an order that is placed later at the outbox position of a lost one.
    /// </summary>
    private static async Task FailOverAsync(Fault fault, CancellationToken cancellationToken)
    {
        fault.Promises.RedisLosesData();
        var standby = await PostgresStandby.StartAsync(fault.System.Postgres, cancellationToken: cancellationToken);
        await standby.CatchUpAsync(cancellationToken);
        fault.Say("a standby follows postgres");
        await standby.PauseReceivingAsync(cancellationToken);
        await fault.OrdersGoOnAsync(fault.Time(3, 2), "the standby received nothing", cancellationToken);
        await fault.System.Postgres.KillAsync();
        await standby.PromoteAsync(cancellationToken);
        fault.System.FailOverTo(standby);
        fault.Say("kill -9 postgres; the standby is promoted, and all services switch to it");

        // Answers that were on their way are in after that.
        await Fault.WaitAsync(TimeSpan.FromSeconds(2), cancellationToken);
        var accepted = fault.Client.Accepted.Select(order => order.Id).ToArray();
        await using var command = fault.System.Database.CreateCommand(FindLostOrders);
        command.Parameters.AddWithValue(accepted);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var lost = new List<Guid>();
        while (await reader.ReadAsync(cancellationToken))
        {
            lost.Add(reader.GetGuid(0));
        }

        fault.Promises.PostgresHasLost(lost);
        fault.Say($"{lost.Count} accepted orders were lost with their commits");
    }

    /// <summary>Nothing resets the services' connections: they have to notice that their server takes no writes any more.</summary>
    private static async Task SwitchOverAsync(Fault fault, CancellationToken cancellationToken)
    {
        var first = fault.System.Postgres;
        await SwitchOverToAsync(await PostgresStandby.StartAsync(first, cancellationToken: cancellationToken));
        await first.StopAsync();
        fault.Say("the former primary comes back as a standby");
        await SwitchOverToAsync(await PostgresStandby.StartAsync(fault.System.Postgres, first.Port, cancellationToken));

        async Task SwitchOverToAsync(PostgresStandby standby)
        {
            await standby.CatchUpAsync(cancellationToken);
            await fault.System.Postgres.MakeReadOnlyAsync(cancellationToken);
            await standby.CatchUpAsync(cancellationToken);
            await standby.PromoteAsync(cancellationToken);
            fault.System.FailOverTo(standby, resetsConnections: false);
            fault.Say("postgres is read-only and stays up; its standby is promoted behind the same address");
            await fault.OrdersGoOnAsync(fault.Time(30, 10), "the former primary was up and read-only", cancellationToken);
        }
    }

    private static async Task AwayAsync(Fault fault, string how, TimeSpan time, CancellationToken cancellationToken)
    {
        fault.Say(how);
        await Fault.WaitAsync(time, cancellationToken);
        await fault.System.Postgres.RestartAsync(cancellationToken);
        fault.Say("postgres started");
    }

    private static async Task SlowCommitsAsync(Fault fault, CancellationToken cancellationToken)
    {
        await fault.ExecuteAsync(SlowCommits);
        fault.Say("three in ten orders commit up to 0.4 s late, one in ten rolls back");
        try
        {
            await Fault.WaitAsync(fault.Time(10, 4), cancellationToken);
        }
        finally
        {
            await fault.ExecuteAsync(UsualCommits);
            fault.Say("orders commit as usual");
        }
    }

    private static async Task CutAsync(Fault fault, CancellationToken cancellationToken)
    {
        for (var time = 0; time < (fault.IsQuick ? 2 : 5); time++)
        {
            await using var command = fault.System.Database.CreateCommand(TerminateSessions);
            var ended = (long)(await command.ExecuteScalarAsync(cancellationToken))!;
            fault.Say($"{ended} sessions of postgres ended");
            await Fault.WaitAsync(TimeSpan.FromSeconds(1), cancellationToken);
        }
    }
}
