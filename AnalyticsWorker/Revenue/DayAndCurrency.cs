namespace FanOut.AnalyticsWorker.Revenue;

internal readonly record struct DayAndCurrency(DateOnly Day, string Currency) : IComparable<DayAndCurrency>
{
    public int CompareTo(DayAndCurrency other) =>
        Day != other.Day ? Day.CompareTo(other.Day) : string.CompareOrdinal(Currency, other.Currency);
}
