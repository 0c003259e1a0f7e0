namespace FanOut.EventBus.Groups;

/// <summary>Whose events a stream may carry.</summary>
/// <param name="Outbox">The id of the present outbox.</param>
/// <param name="Generation">Its generation.</param>
/// <param name="Earlier">The ids it had in earlier generations.</param>
internal sealed record OutboxHistory(Guid Outbox, int Generation, Guid[] Earlier)
{
    /// <summary>Whether a state with this outbox is our own, of now or of an earlier generation. Otherwise another system uses the stream.</summary>
    public bool Knows(Guid outbox) => outbox == Outbox || Earlier.Contains(outbox);
}
