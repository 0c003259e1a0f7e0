namespace FanOut.EventBus.Reclaiming;

/// <summary>How a stream and its groups stood at one moment.</summary>
public sealed record StreamSample
{
    /// <summary>The stream.</summary>
    public required StreamName Stream { get; init; }

    /// <summary>When the sample was taken, by this process' clock.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>Entries on the stream.</summary>
    public required long Length { get; init; }

    /// <summary>The highest id that the stream ever had, as Redis writes it; null where there is no stream.</summary>
    public required string? LastEntry { get; init; }

    /// <summary>Bytes of memory that Redis uses.</summary>
    public required long MemoryUsed { get; init; }

    /// <summary>Bytes of memory that Redis may use (<c>maxmemory</c>); null without a limit.</summary>
    public required long? MemoryLimit { get; init; }

    /// <summary>In what time the memory is used up, should it go on growing as in the last ten minutes; null without a limit, before a minute has been seen, and where it is not within a year.</summary>
    public required TimeSpan? MemoryLeft { get; init; }

    /// <summary>In what time the stream reaches its hard cap (<c>EventBus:Retention:MaxEntries</c>) likewise: from then on groups lose what they have not had; null without a cap.</summary>
    public required TimeSpan? LengthLeft { get; init; }

    /// <summary>The registered groups, by name; without those under one of whose keys Redis holds something of another type.</summary>
    public required IReadOnlyList<GroupSample> Groups { get; init; }
}
