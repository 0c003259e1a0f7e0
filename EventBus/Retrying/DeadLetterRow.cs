using System.Text.Json;
using FanOut.EventBus.Wire;
using Npgsql;
using StackExchange.Redis;

namespace FanOut.EventBus.Retrying;

/// <summary>Reads dead letters from rows of bus.retry.</summary>
internal static class DeadLetterRow
{
    public static DeadLetterSummary ReadSummary(NpgsqlDataReader reader) => new()
    {
        Number = reader.Get<long>("number"),
        Group = new GroupName(reader.Get<string>("group")),
        Position = reader.Get<long?>("position"),
        EntryId = reader.Get<string?>("entry_id"),
        EventId = reader.Get<Guid?>("id"),
        Type = Text(reader, "type"),
        Subject = Text(reader, "subject"),
        Time = reader.Get<DateTimeOffset?>("time"),
        Attempts = reader.Get<int>("attempts"),
        Error = reader.Get<string>("error"),
        DeadLetteredAt = reader.Get<DateTimeOffset>("dead_at"),
        State = State(reader.Get<string>("state")),
        ChangedAt = reader.Get<DateTimeOffset?>("changed_at"),
        ChangedBy = reader.Get<string?>("changed_by"),
        Kind = reader.Get<string>("kind"),
        Change = reader.Get<Guid?>("change"),
    };

    public static DeadLetterDetails ReadDetails(NpgsqlDataReader reader) => new(
        ReadSummary(reader),
        Text(reader, "source"),
        reader.Get<byte[]?>("data") is { } data ? data : (ReadOnlyMemory<byte>?)null,
        [.. ReadFields(reader).Select(field => new DeadLetterField(field.Name.ToString(), (ReadOnlyMemory<byte>)field.Value))],
        JsonSerializer.Deserialize(reader.Get<string>("history"), WireJson.Default.DeadLetterMomentArray) ?? []);

    public static DeadLetterError ReadError(NpgsqlDataReader reader) => new(
        new GroupName(reader.Get<string>("group")),
        Text(reader, "type"),
        reader.Get<string>("kind"),
        reader.Get<string>("example"),
        reader.Get<long>("count"),
        reader.Get<DateTimeOffset>("first_at"),
        reader.Get<DateTimeOffset>("last_at"));

    /// <summary>The fields of the entry. A stray's lack the position: its own was not that of an event.</summary>
    public static List<NameValueEntry> ReadFields(NpgsqlDataReader reader)
    {
        if (reader.Get<string?>("fields") is { } json)
        {
            var texts = JsonSerializer.Deserialize(json, WireJson.Default.StringArray) ?? [];
            return [.. texts.Chunk(2).Select(pair => new NameValueEntry(pair[0], pair[1]))];
        }

        var headers = JsonSerializer.Deserialize(reader.Get<string?>("headers") ?? "{}", WireJson.Default.DictionaryStringString) ?? [];
        NameValueEntry[] position = reader.Get<long?>("position") is { } known ? [new(EventFields.Position, known)] : [];
        return
        [
            .. position,
            new(EventFields.Id, EventFields.FormatId(reader.Get<Guid>("id"))),
            new(EventFields.Type, reader.Get<string>("type")),
            new(EventFields.Source, reader.Get<string>("source")),
            new(EventFields.Subject, reader.Get<string>("subject")),
            new(EventFields.Time, EventFields.FormatTime(reader.Get<DateTime>("time"))),
            new(EventFields.Data, reader.Get<byte[]>("data")),
            new(EventFields.TraceParent, reader.Get<string?>("traceparent") ?? ""),
            new(EventFields.TraceState, reader.Get<string?>("tracestate") ?? ""),
            .. headers.Select(header => new NameValueEntry(header.Key, header.Value)),
        ];
    }

    private static string? Text(NpgsqlDataReader reader, string column) => reader.Get<string>(column) is { Length: > 0 } text ? text : null;

    private static DeadLetterState State(string state) => state switch
    {
        RetryState.Dead => DeadLetterState.Dead,
        RetryState.Discarded => DeadLetterState.Discarded,
        _ => DeadLetterState.Redriven,
    };
}
