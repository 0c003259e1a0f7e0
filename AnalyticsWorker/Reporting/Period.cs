using FanOut.Contracts;
using FanOut.ServiceDefaults.Requests;

namespace FanOut.AnalyticsWorker.Reporting;

/// <summary>The days of a report, both included.</summary>
internal readonly record struct Period(DateOnly From, DateOnly To)
{
    private const int DefaultDays = 30;

    public IResult? Problem => From <= To
        ? null
        : RequestErrors.Refuse("from", $"must not be after to ({To:yyyy-MM-dd})");

    public static Period Of(RevenueQuery query, TimeProvider time)
    {
        var to = DayAttribute.Parse(query.To) ?? DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime);
        return new(DayAttribute.Parse(query.From) ?? to.AddDays(1 - Math.Min(DefaultDays, to.DayNumber + 1)), to);
    }
}
