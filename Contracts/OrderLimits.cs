namespace FanOut.Contracts;

/// <summary>What an order may hold. The bounds keep every sum exact: no order needs more than the 28 digits of a decimal.</summary>
public static class OrderLimits
{
    public const int NumberLength = 64;
    public const int CustomerIdLength = 64;
    public const int NameLength = 200;
    public const int EmailLength = 254;
    public const int SkuLength = 64;
    public const int LinesPerOrder = 500;
    public const int OrdersPerBatch = 1_000;
    public const int OrdersPerPage = 200;
    public const int Quantity = 1_000_000;
    public const int UnitPrice = 100_000_000;
    public const int UnitPriceDecimals = 6;
    public const int DiscountDecimals = 4;
    public const int IdempotencyKeyLength = 255;
}
