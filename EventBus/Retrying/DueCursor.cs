namespace FanOut.EventBus.Retrying;

/// <summary>
/// From which due time on claims look for rows. A claim moves a row in the index, and beside an old snapshot the entries
/// that it leaves there cannot be removed: a search from the beginning would walk over all of them. What comes in below the
/// cursor (a transaction that was open for long, a handler's transaction that was rolled back after its claim had ended) is
/// found by the search from the beginning that is made every few seconds. All times are the server's.
/// </summary>
/// <param name="From">Where the next search begins.</param>
/// <param name="Began">When the last search from the beginning was made.</param>
internal sealed record DueCursor(DateTime From, DateTime Began)
{
    private static readonly TimeSpan Slack = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan BeginAgainAfter = TimeSpan.FromSeconds(2);

    public static DueCursor Beginning { get; } = new(DateTime.UnixEpoch, DateTime.UnixEpoch);

    /// <param name="askedAt">When the search was made.</param>
    /// <param name="lowestDue">The lowest due time that it found; null where it found nothing.</param>
    public DueCursor Next(DateTime askedAt, DateTime? lowestDue)
    {
        var began = From == DateTime.UnixEpoch ? askedAt : Began;
        return askedAt - began >= BeginAgainAfter || askedAt < began
            ? new DueCursor(DateTime.UnixEpoch, began)
            : new DueCursor((lowestDue ?? askedAt) - Slack, began);
    }
}
