namespace FanOut.EventBus;

/// <summary>An event to be published.</summary>
/// <typeparam name="T">The type of the data, registered by <see cref="EventBusBuilder.AddEvent{T}"/>.</typeparam>
/// <param name="Subject">What the event is about, for example an order id (CloudEvents <c>subject</c>).</param>
/// <param name="Data">The data.</param>
public sealed record NewEvent<T>(string Subject, T Data)
{
    /// <summary>The event's id (CloudEvents <c>id</c>); a new UUIDv7 unless set.</summary>
    public Guid Id { get; init; } = Guid.CreateVersion7();

    /// <summary>When it happened (CloudEvents <c>time</c>); now unless set. Kept in UTC.</summary>
    public DateTimeOffset? Time { get; init; }

    /// <summary>
    /// The event's own headers, CloudEvents extension attributes: names of 1 to 20 characters of <c>a-z 0-9</c> that are not attributes of the event,
    /// such as
    /// <c>tenant</c>; values without control characters. Null for none.
    /// </summary>
    public IReadOnlyDictionary<string, string>? Headers { get; init; }
}
