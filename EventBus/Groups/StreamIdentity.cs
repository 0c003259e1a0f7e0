namespace FanOut.EventBus.Groups;

/// <summary>A stream as the database knows it.</summary>
/// <param name="Id">Its number in bus.stream. Its tables are <c>bus.outbox_{Id}</c> and the sequence <c>bus.position_{Id}</c>.</param>
/// <param name="Name">Its name.</param>
internal sealed record StreamIdentity(int Id, StreamName Name)
{
    /// <summary>The stream's own part of the outbox: its statements are planned for its partitions alone.</summary>
    public string OutboxTable => $"bus.outbox_{Id}";

    /// <summary>An SQL text with <c>bus.outbox_0</c> in place of the table's name, for this stream.</summary>
    public string Sql(string text) => text.Replace("bus.outbox_0", OutboxTable, StringComparison.Ordinal);
}
