namespace FanOut.AnalyticsWorker.Revenue;

internal readonly record struct ProductOfDay(DayAndCurrency Of, string Sku) : IComparable<ProductOfDay>
{
    public int CompareTo(ProductOfDay other) => Of != other.Of ? Of.CompareTo(other.Of) : string.CompareOrdinal(Sku, other.Sku);
}
