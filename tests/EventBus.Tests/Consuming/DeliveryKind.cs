namespace FanOut.EventBus.Tests.Consuming;

/// <summary>What is the matter with one entry of a batch.</summary>
internal enum DeliveryKind
{
    Fine,
    Throws,
    ThrowsForTheLastTime,
    Rejected,
    BreaksItsTransaction,
    HidesThatItsTransactionIsBroken,
    Malformed,
    WantedByNobody,
    DoneBefore,
    DeadBefore,
}
