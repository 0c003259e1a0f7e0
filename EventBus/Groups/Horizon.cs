using Npgsql;

namespace FanOut.EventBus.Groups;

/// <summary>
/// A position of an outbox that will be decided: once every running transaction is above <see cref="Xid"/>, every transaction that drew a position at
/// or below
/// <see cref="Position"/> has ended. A writer has its xid before it draws a position, and the horizon's xid is drawn after its position was read.
/// </summary>
/// <param name="Position">The highest position that was committed.</param>
/// <param name="Xid">A transaction of its own, drawn after that was read.</param>
/// <param name="ServerStarted">
/// Which server it was: it counts only there. Another server may have been promoted without the last commits, and uses the same positions and xids
/// again.
/// </param>
internal sealed record Horizon(long Position, ulong Xid, DateTime ServerStarted)
{
    private static readonly string DrawSql = EmbeddedText.Read("Groups.draw_horizon.sql");
    private static readonly string AskSql = EmbeddedText.Read("Groups.ask_horizon.sql");

    public static async Task<Horizon> DrawAsync(StreamIdentity stream, NpgsqlDataSource postgres, CancellationToken cancellationToken)
    {
        var rows = await postgres.QueryAsync(
            stream.Sql(DrawSql),
            [],
            row => new Horizon(row.Get<long>("position"), row.Get<ulong>("xid"), row.Get<DateTime>("server_started")),
            cancellationToken);
        return rows[0];
    }

    /// <summary>Whether it is decided.</summary>
    /// <returns>Null where another server answers: then a new horizon is needed.</returns>
    public async Task<bool?> IsDecidedAsync(NpgsqlDataSource postgres, CancellationToken cancellationToken)
    {
        var rows = await postgres.QueryAsync(
            AskSql, [], row => (Started: row.Get<DateTime>("server_started"), Xmin: row.Get<ulong>("xmin")), cancellationToken);
        return rows[0].Started == ServerStarted ? rows[0].Xmin > Xid : null;
    }
}
