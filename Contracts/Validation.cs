using System.Buffers;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Extensions.DependencyInjection;

namespace FanOut.Contracts;

public static class ContractsValidation
{
    /// <summary>Validates these types at every endpoint. The source generator sees only its own assembly, so the call must be in it.</summary>
    public static IServiceCollection AddContractsValidation(this IServiceCollection services) =>
        services.AddValidation().AddSingleton<ContractsValidator>();
}

/// <summary>Text of a limited length (at least 1 unless MinimumLength is set), not blank, without control characters.</summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Parameter)]
public sealed class TextAttribute : StringLengthAttribute
{
    private static readonly SearchValues<char> ControlCharacters =
        SearchValues.Create([.. Enumerable.Range(0, 0xa0).Select(code => (char)code).Where(char.IsControl)]);

    public TextAttribute(int maximumLength)
        : base(maximumLength) => MinimumLength = 1;

    /// <summary>Whether spaces at either end are refused: "A1" and "A1 " would be two names that look like one.</summary>
    public bool IsName { get; set; }

    protected override ValidationResult? IsValid(object? value, ValidationContext validationContext) => value is not string text ? null
        : text.Length < MinimumLength || text.Length > MaximumLength
            ? new($"must be {MinimumLength} to {MaximumLength} characters long, not {text.Length}")
        : text.AsSpan().ContainsAny(ControlCharacters) ? new("must not contain control characters")
        : text.Length > 0 && string.IsNullOrWhiteSpace(text) ? new("must not be blank")
        : IsName && (char.IsWhiteSpace(text[0]) || char.IsWhiteSpace(text[^1])) ? new("must not begin or end with a space")
        : null;
}

/// <summary>One of these words.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class OneOfAttribute(params string[] words) : RegularExpressionAttribute($"^({string.Join('|', words)})$")
{
    /// <summary>The base class accepts an empty text.</summary>
    public override bool IsValid(object? value) => value is not "" && base.IsValid(value);

    public override string FormatErrorMessage(string name) => $"must be one of {string.Join(", ", words)}";
}

/// <summary>The cursor of an earlier page of a list whose items are numbered.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class CursorAttribute() : RegularExpressionAttribute("^[0-9]{1,18}$")
{
    /// <returns>Null for null and for an empty text.</returns>
    public static long? Parse(string? text) => string.IsNullOrEmpty(text) ? null : long.Parse(text, CultureInfo.InvariantCulture);

    public override string FormatErrorMessage(string name) => "must be the cursor of an earlier page";
}

/// <summary>A number from 0 to <paramref name="maximum"/> with at most so many decimals; zeros at the end do not count.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class AmountAttribute(long maximum, int decimals) : RangeAttribute(typeof(decimal), "0", maximum.ToString(CultureInfo.InvariantCulture))
{
    public override bool IsValid(object? value) =>
        value is decimal amount && amount >= 0 && amount <= maximum && decimal.Round(amount, decimals) == amount;

    public override string FormatErrorMessage(string name) =>
        string.Create(CultureInfo.InvariantCulture, $"must be from 0 to {maximum:N0} and have at most {decimals} decimals");
}

/// <summary>The code of a currency that <see cref="Currency"/> knows.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class CurrencyAttribute() : RegularExpressionAttribute("^[A-Z]{3}$")
{
    public override bool IsValid(object? value) => value is null || (value is string code && Currency.TryGet(code, out _));

    public override string FormatErrorMessage(string name) => "must be the ISO 4217 code of a currency in use, like USD";
}

/// <summary>An address that <see cref="EmailAddress"/> accepts.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class MailboxAttribute : ValidationAttribute
{
    public override bool IsValid(object? value) => value is null || (value is string text && EmailAddress.TryParse(text, out _));

    public override string FormatErrorMessage(string name) => EmailAddress.Rule;
}

/// <summary>A day, like 2026-01-31, as text: a <see cref="DateOnly"/> in a query string accepts other notations.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class DayAttribute() : RegularExpressionAttribute(@"^\d{4}-\d{2}-\d{2}$")
{
    /// <returns>Null for null and for an empty text.</returns>
    public static DateOnly? Parse(string? text) =>
        string.IsNullOrEmpty(text) ? null : DateOnly.ParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture);

    public override bool IsValid(object? value) =>
        value is null or ""
        || (value is string text && DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _));

    public override string FormatErrorMessage(string name) => "must be a day, like 2026-01-31";
}

/// <summary>A time of RFC 3339, with its offset, as text.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class TimeAttribute : ValidationAttribute
{
    public override bool IsValid(object? value) => value is null or "" || (value is string text && Rfc3339Converter.TryParse(text, out _));

    public override string FormatErrorMessage(string name) => Rfc3339Converter.Rule;
}

/// <summary>A time from 1900 until a day from now.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class PlacedAtAttribute : ValidationAttribute
{
    private static readonly DateTimeOffset Earliest = new(1900, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan ClockSkew = TimeSpan.FromDays(1);

    /// <summary>Whether any later time is valid too: an event may be handled by a slower clock than the one that accepted the order.</summary>
    public bool IsOfEvent { get; set; }

    protected override ValidationResult? IsValid(object? value, ValidationContext validationContext)
    {
        var latest = (validationContext.GetService(typeof(TimeProvider)) as TimeProvider ?? TimeProvider.System).GetUtcNow() + ClockSkew;
        return value is DateTimeOffset time && (time < Earliest || (time > latest && !IsOfEvent))
            ? new(string.Create(CultureInfo.InvariantCulture, $"must be from {Earliest:yyyy-MM-dd} to {latest:yyyy-MM-dd'T'HH:mm:ss'Z'}"))
            : null;
    }
}

/// <summary>Reads any RFC 3339 time as UTC, to the microsecond that Postgres keeps. A time without an offset is refused.</summary>
public sealed class Rfc3339Converter : JsonConverter<DateTimeOffset>
{
    internal const string Rule = "must be a time with an offset, like 2026-01-31T09:30:00Z";

    private static readonly string[] Formats = [@"yyyy-MM-dd\THH:mm:ss.FFFFFFFK", @"yyyy-MM-dd HH:mm:ss.FFFFFFFK"];

    public static bool TryParse(string text, out DateTimeOffset time)
    {
        time = default;
        if (!(text is [.., 'Z' or 'z'] or [.., '+' or '-', _, _, ':', _, _])
            || !DateTimeOffset.TryParseExact(
                WithoutNanoseconds(text.ToUpperInvariant()), Formats, CultureInfo.InvariantCulture, DateTimeStyles.None, out var parsed))
        {
            return false;
        }

        time = new DateTimeOffset(parsed.UtcTicks - (parsed.UtcTicks % TimeSpan.TicksPerMicrosecond), TimeSpan.Zero);
        return true;
    }

    public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String && TryParse(reader.GetString()!, out var time) ? time : throw new JsonException(Rule);

    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) => writer.WriteStringValue(value);

    // RFC 3339 does not limit the decimals of a second, and some clients write nine; .NET parses at most seven.
    private static string WithoutNanoseconds(string time)
    {
        var point = time.IndexOf('.', StringComparison.Ordinal);
        var end = point + 1;
        while (point >= 0 && end < time.Length && char.IsAsciiDigit(time[end]))
        {
            end++;
        }

        return end - point > 8 ? time.Remove(point + 8, end - point - 8) : time;
    }
}
