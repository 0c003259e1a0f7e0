using System.Globalization;
using System.Text;
using System.Text.Json;
using FanOut.Contracts.Operations;
using Bus = FanOut.EventBus;

namespace FanOut.Reclaimer.DeadLetters;

internal static class DeadLetterView
{
    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    // The answer is not nested deeper than this.
    private static readonly JsonDocumentOptions JsonOptions = new() { MaxDepth = 48 };

    public static DeadLetter Of(Bus.DeadLetterSummary letter) => new(
        letter.Number,
        letter.Group.Value,
        letter.Position,
        letter.EntryId,
        letter.EventId,
        letter.Type,
        letter.Subject,
        letter.Time,
        letter.Attempts,
        letter.Error,
        letter.DeadLetteredAt,
        Name(letter.State),
        letter.ChangedAt,
        letter.ChangedBy,
        letter.Kind,
        letter.Change);

    public static DeadLetterDetails Of(Bus.DeadLetterDetails letter)
    {
        var data = letter.Data is { } bytes ? ReadJson(bytes) : null;
        return new(
            Of((Bus.DeadLetterSummary)letter),
            letter.Source,
            data,
            data is null && letter.Data is { } raw ? Convert.ToBase64String(raw.Span) : null,
            [.. letter.Fields.Where(field => field.Name != "data").Select(Of)],
            [.. letter.History.Select(Of)]);
    }

    public static DeadLetterError Of(Bus.DeadLetterError error) => new(
        error.Group.Value, error.Type ?? "", error.Kind, error.Example, error.Count, error.FirstAt, error.LastAt);

    /// <summary>Which dead letters a decision is about, for its record: without the text of the error, which may have personal data.</summary>
    public static string Summary(DecideMany decision) => string.Join(
        ' ',
        new (string Name, object? Value)[]
        {
            ("all", decision.All == true ? "true" : null), ("group", decision.Group), ("type", decision.Type), ("subject", decision.Subject),
            ("error", decision.Error is null ? null : "..."), ("kind", decision.Kind),
            ("from", decision.From?.ToString("O", CultureInfo.InvariantCulture)),
            ("until", decision.Until?.ToString("O", CultureInfo.InvariantCulture)), ("limit", decision.Limit), ("change", decision.Change),
            ("numbers", decision.Numbers is { } numbers ? string.Join(',', numbers) : null),
        }.Where(condition => condition.Value is not null)
        .Select(condition => string.Create(CultureInfo.InvariantCulture, $"{condition.Name}={condition.Value}")));

    public static string Name(Bus.DeadLetterState state) => state.ToString().ToLowerInvariant();

    public static Bus.DeadLetterState? State(string? name) =>
        Enum.TryParse<Bus.DeadLetterState>(name, ignoreCase: true, out var state) ? state : null;

    private static DeadLetterMoment Of(Bus.DeadLetterMoment moment) =>
        new(moment.At, moment.What.ToString().ToLowerInvariant(), moment.Attempts, moment.Error, moment.By);

    public static EntryField Of(Bus.DeadLetterField field)
    {
        try
        {
            return new(field.Name, StrictUtf8.GetString(field.Value.Span), null);
        }
        catch (DecoderFallbackException)
        {
            return new(field.Name, null, Convert.ToBase64String(field.Value.Span));
        }
    }

    public static JsonElement? ReadJson(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            using var document = JsonDocument.Parse(bytes, JsonOptions);

            // Halves of surrogate pairs ("\ud800") can be parsed, and not be written again.
            using var written = new Utf8JsonWriter(Stream.Null);
            document.WriteTo(written);
            return document.RootElement.Clone();
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null;
        }
    }
}
