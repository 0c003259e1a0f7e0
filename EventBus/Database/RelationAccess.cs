namespace FanOut.EventBus.Database;

/// <summary>What a part of this process does with relations of a schema.</summary>
/// <param name="Schema">The schema.</param>
/// <param name="Pattern">A regular expression of Postgres: which relations.</param>
/// <param name="Privileges">Privileges on them; <c>owner</c> for what only an owner may do.</param>
internal sealed record RelationAccess(string Schema, string Pattern, params string[] Privileges)
{
    private const string Bus = "bus";
    private const string Outbox = "^outbox(_[0-9]+)?$";

    public static IReadOnlyList<RelationAccess> OfOutbox { get; } =
    [
        new(Bus, "^stream$", "select", "update"), new(Bus, Outbox, "select", "insert"), new(Bus, "^position_", "usage"),
        new(Bus, "^consumer_group$", "select"),
    ];

    public static IReadOnlyList<RelationAccess> OfConsumerGroup { get; } =
    [
        new(Bus, "^stream$", "select"), new(Bus, Outbox, "select"), new(Bus, "^(consumer_group|subscription)$", "select", "insert", "update"),
        new(Bus, "^(inbox|retry)$", "select", "insert", "update", "delete"),
        new(Bus, "^(worker|group_history)$", "select", "insert", "update"),
    ];

    /// <summary>A reclaimer adds and drops partitions.</summary>
    public static IReadOnlyList<RelationAccess> OfReclaimer { get; } =
    [
        new(Bus, Outbox, "owner"), new(Bus, "^(kafka_trigger_hour|worker|stream_history|group_history)$", "select", "insert", "update", "delete"),
        .. OfConsumerGroup,
    ];

    /// <summary>A service does everything with the tables of its own schema, but for the journal of its migrations.</summary>
    public static RelationAccess Everything(string schema) =>
        new(schema, "^(?!schema_versions)", "select", "insert", "update", "delete", "usage");
}
