using FanOut.EventBus.Groups;

namespace FanOut.EventBus.Publishing;

/// <summary>The state beside the stream is none that this relay may go on from. A person has to look.</summary>
internal sealed class StateException(string message) : InvalidOperationException(message)
{
    /// <summary>The state is of another outbox, or of a later generation than the database knows.</summary>
    public static StateException NotOwn(StreamName stream, StreamState state, OutboxHistory own) => new(state.Generation > own.Generation
        ? $"stream '{stream}' is in generation {state.Generation} of outbox {state.Outbox}, but this database only in generation "
            + $"{own.Generation} of outbox {own.Outbox}. If it was restored to an earlier time, confirm that by StreamRecovery.ConfirmRestoreAsync. "
            + "Otherwise another system writes to this stream: give one of them another stream name or another Redis"
        : $"stream '{stream}' carries events of outbox {state.Outbox}, but this database has outbox {own.Outbox}. If another system writes to the "
            + "stream, give one of them another stream name or another Redis. If this database takes the other's place, confirm that by "
            + "StreamRecovery.ConfirmRestoreAsync");
}
