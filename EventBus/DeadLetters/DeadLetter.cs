using StackExchange.Redis;

namespace FanOut.EventBus.DeadLetters;

/// <summary>An entry that one group will not be given again unless it is redriven.</summary>
internal sealed record DeadLetter
{
    /// <summary>Its id on the stream.</summary>
    public required EntryId Entry { get; init; }

    /// <summary>Where it is pending: null = on the stream, under <see cref="Entry"/>; otherwise its id on the group's redrive stream.</summary>
    public string? RedriveId { get; init; }

    /// <summary>Its fields as they stand on the stream.</summary>
    public required NameValueEntry[] Fields { get; init; }

    public required string Consumer { get; init; }

    public required int Deliveries { get; init; }

    public required string Error { get; init; }
}
