using System.Globalization;
using System.Numerics;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace FanOut.Contracts;

/// <summary>
/// Reads a number in each notation that a JSON writer may choose, in its shortest form: 100, 100.00 and 1E+2 are one number, also to the hash of a
/// request. A number that is too large or too exact becomes the largest one, which no rule allows: so the answer names the field's limits.
/// </summary>
public sealed class AmountConverter : JsonConverter<decimal>
{
    // Well above those of every amount. Beyond it, the platform may have rounded.
    private const int MaxDecimals = 18;

    public override decimal Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => Read(ref reader);

    public override void Write(Utf8JsonWriter writer, decimal value, JsonSerializerOptions options) => writer.WriteNumberValue(value);

    internal static decimal Read(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.Number)
        {
            throw new JsonException("must be a number");
        }

        ReadOnlySpan<byte> text = reader.HasValueSequence ? System.Buffers.BuffersExtensions.ToArray(reader.ValueSequence) : reader.ValueSpan;
        var end = text.IndexOfAny((byte)'e', (byte)'E');
        var mantissa = end < 0 ? text : text[..end];
        mantissa = mantissa.Contains((byte)'.') ? mantissa.TrimEnd((byte)'0').TrimEnd((byte)'.') : mantissa;
        if (mantissa.IndexOfAnyInRange((byte)'1', (byte)'9') < 0)
        {
            return 0;
        }

        if (end < 0)
        {
            return decimal.TryParse(mantissa, CultureInfo.InvariantCulture, out var number) && number.Scale <= MaxDecimals
                ? number
                : decimal.MaxValue;
        }

        // The division removes the zeros that a negative exponent leaves at the end: 150e-1.
        return decimal.TryParse([.. mantissa, .. text[end..]], NumberStyles.Float, CultureInfo.InvariantCulture, out var power)
            && power.Scale <= MaxDecimals
                ? power / 1.0000000000000000000000000000m
                : decimal.MaxValue;
    }
}

/// <summary>Reads a whole number in each notation: 2, 2.0 and 2e0. One beyond the type becomes the largest, which no rule allows.</summary>
public sealed class WholeNumberConverter<T> : JsonConverter<T>
    where T : struct, IBinaryInteger<T>, IMinMaxValue<T>
{
    public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => AmountConverter.Read(ref reader) switch
    {
        var number when number == decimal.MaxValue => T.MaxValue,
        var number when !decimal.IsInteger(number) => throw new JsonException("must be a whole number"),
        var number => T.CreateSaturating(number),
    };

    public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) =>
        writer.WriteNumberValue(decimal.CreateChecked(value));
}
