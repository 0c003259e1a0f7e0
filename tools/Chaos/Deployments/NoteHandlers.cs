namespace FanOut.Chaos.Deployments;

/// <summary>Writes a row per event.</summary>
internal sealed class NoteHandler : IEventHandler<Note>
{
    public Task HandleAsync(EventContext<Note> context, CancellationToken cancellationToken)
    {
        context.Enqueue(NoteEffect.Command(context.EventId));
        return Task.CompletedTask;
    }
}

/// <inheritdoc cref="NoteHandler"/>
internal sealed class NewNoteHandler : IEventHandler<NewNote>
{
    public Task HandleAsync(EventContext<NewNote> context, CancellationToken cancellationToken)
    {
        context.Enqueue(NoteEffect.Command(context.EventId));
        return Task.CompletedTask;
    }
}

internal static class NoteEffect
{
    private static readonly string Insert = EmbeddedSql.Read("Deployments.insert_effect.sql");

    public static NpgsqlBatchCommand Command(Guid id) => new(Insert) { Parameters = { new NpgsqlParameter<Guid> { TypedValue = id } } };
}
