using System.Text;
using System.Text.Json;
using FanOut.EventBus.Wire;
using Npgsql;
using NpgsqlTypes;
using StackExchange.Redis;

namespace FanOut.EventBus.DeadLetters;

/// <summary>The record of dead letters in Postgres.</summary>
internal sealed class DeadLetterStore
{
    private static readonly string AddSql = EmbeddedText.Read("DeadLetters.add_dead_letter.sql");
    private static readonly string FindOpenSql = EmbeddedText.Read("DeadLetters.find_unprojected.sql");
    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    /// <summary>Decides, in the caller's transaction, that the entry is a dead letter, unless its effect or an earlier dead letter was committed before.</summary>
    /// <returns>The dead letter's number; null where it had been decided otherwise.</returns>
    public static async Task<long?> TryAddAsync(NpgsqlConnection connection, StreamName stream, GroupName group, DeadLetter letter, CancellationToken cancellationToken)
    {
        var isEvent = WireEvent.TryRead(letter.Fields, out var wire) is null;
        var metadata = isEvent ? wire.ToMetadata(wire.Type.ToString()) : null;
        await using var command = new NpgsqlCommand(AddSql, connection);
        command.Parameters.AddWithValue(stream.Value);
        command.Parameters.AddWithValue(group.Value);
        command.Parameters.AddWithValue(letter.Entry.Value);
        AddText(command, letter.RedriveId);
        command.Parameters.Add(new NpgsqlParameter { Value = isEvent ? wire.Id : DBNull.Value, NpgsqlDbType = NpgsqlDbType.Uuid });
        AddText(command, metadata?.Type);
        AddText(command, metadata?.Source);
        AddText(command, metadata?.Subject);
        command.Parameters.Add(new NpgsqlParameter { Value = isEvent ? wire.Time.ToUniversalTime() : DBNull.Value, NpgsqlDbType = NpgsqlDbType.TimestampTz });
        command.Parameters.Add(new NpgsqlParameter { Value = ToJson(letter.Fields), NpgsqlDbType = NpgsqlDbType.Jsonb });
        AddText(command, letter.Consumer);
        command.Parameters.AddWithValue(letter.Deliveries);
        AddText(command, letter.Error);
        return (long?)await command.ExecuteScalarAsync(cancellationToken);
    }

    /// <summary>Of the given entries, those that are dead letters Redis still holds as pending.</summary>
    public static async Task<IReadOnlyDictionary<EntryId, long>> FindUnprojectedAsync(
        NpgsqlConnection connection, StreamName stream, GroupName group, long[] entries, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(FindOpenSql, connection);
        command.Parameters.AddWithValue(stream.Value);
        command.Parameters.AddWithValue(group.Value);
        command.Parameters.AddWithValue(entries);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var found = new Dictionary<EntryId, long>();
        while (await reader.ReadAsync(cancellationToken))
        {
            found[EntryId.FromInt64(reader.GetInt64(0))] = reader.GetInt64(1);
        }

        return found;
    }

    /// <summary>The entry's fields as JSON: an array of name and value; what is not text that Postgres can hold stands as base64.</summary>
    public static string ToJson(NameValueEntry[] fields)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartArray();
            foreach (var field in fields)
            {
                json.WriteStartObject();
                Write(json, "name", field.Name);
                Write(json, "value", field.Value);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        return Encoding.UTF8.GetString(buffer.ToArray());
    }

    /// <summary>The entry's fields, from what <see cref="ToJson"/> wrote.</summary>
    public static NameValueEntry[] FromJson(string json)
    {
        using var document = JsonDocument.Parse(json);
        return [.. document.RootElement.EnumerateArray().Select(field => new NameValueEntry(Read(field, "name"), Read(field, "value")))];
    }

    private static void Write(Utf8JsonWriter json, string part, RedisValue value)
    {
        var bytes = (ReadOnlyMemory<byte>)value;
        string? text = null;
        if (!bytes.Span.Contains((byte)0))
        {
            try
            {
                text = StrictUtf8.GetString(bytes.Span);
            }
            catch (DecoderFallbackException)
            {
                // Not text: base64 keeps the bytes.
            }
        }

        if (text is not null)
        {
            json.WriteString(part, text);
        }
        else
        {
            json.WriteBase64String($"{part}Base64", bytes.Span);
        }
    }

    private static RedisValue Read(JsonElement field, string part)
        => field.TryGetProperty(part, out var text) ? text.GetString() : field.GetProperty($"{part}Base64").GetBytesFromBase64();

    private static void AddText(NpgsqlCommand command, string? value)
        => command.Parameters.Add(new NpgsqlParameter { Value = value is null ? DBNull.Value : FailureText.Clean(value), NpgsqlDbType = NpgsqlDbType.Text });
}
