using FanOut.Contracts;
using FanOut.OrderApi.Validation;

namespace FanOut.OrderApi.Placing;

internal static class IdempotencyKey
{
    public const string Header = "Idempotency-Key";

    public static void Check(string? value, FieldErrors errors)
    {
        if (value is not null && (value.Length is 0 or > OrderLimits.IdempotencyKeyLength || value.Any(c => c is < ' ' or > '~')))
        {
            errors.Add(Header, $"must be 1 to {OrderLimits.IdempotencyKeyLength} printable ASCII characters");
        }
    }
}
