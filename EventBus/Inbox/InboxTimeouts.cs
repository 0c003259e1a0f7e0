using Npgsql;

namespace FanOut.EventBus.Inbox;

/// <summary>Limits of one transaction, set for it alone, so that they hold behind any pooler.</summary>
/// <param name="Idle">
/// How long it may be idle between two statements before Postgres ends it: the longest that a handler may take without a statement.
/// </param>
/// <param name="Lock">How long a statement waits for a lock.</param>
internal sealed record InboxTimeouts(TimeSpan Idle, TimeSpan Lock)
{
    private static readonly string Sql = EmbeddedText.Read("Inbox.set_timeouts.sql");

    public NpgsqlBatchCommand Command() => new NpgsqlBatchCommand(Sql).With(Milliseconds(Idle), Milliseconds(Lock));

    private static string Milliseconds(TimeSpan time) => ((long)time.TotalMilliseconds).ToString(System.Globalization.CultureInfo.InvariantCulture);
}
