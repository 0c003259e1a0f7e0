namespace FanOut.EventBus.Reclaiming;

/// <summary>A pending entry that is due and was delivered as often as its group allows.</summary>
/// <param name="Id">The id it is pending under.</param>
/// <param name="Consumer">Who had it last.</param>
/// <param name="Deliveries">How often it was delivered.</param>
internal sealed record ExhaustedEntry(string Id, string Consumer, int Deliveries);
