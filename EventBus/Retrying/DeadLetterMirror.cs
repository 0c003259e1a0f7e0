using System.Globalization;
using FanOut.EventBus.Groups;
using FanOut.EventBus.Wire;
using Npgsql;
using StackExchange.Redis;

namespace FanOut.EventBus.Retrying;

/// <summary>
/// Copies dead letters to the group's DLQ stream, at least once, for consumers that watch Redis. Postgres is the record: a copy is only ever added.
/// </summary>
/// <param name="redis">Where the DLQ stream is.</param>
/// <param name="postgres">Where the dead letters are.</param>
/// <param name="maxLength">About how many entries the DLQ stream keeps.</param>
internal sealed class DeadLetterMirror(IConnectionMultiplexer redis, NpgsqlDataSource postgres, int maxLength = 10_000)
{
    /// <summary>How many one call copies. Data may be large: few at once.</summary>
    public const int MaxPerCall = 200;

    private static readonly string FindSql = EmbeddedText.Read("Retrying.find_unmirrored.sql");
    private static readonly string MarkSql = EmbeddedText.Read("Retrying.mark_mirrored.sql");

    /// <summary>Copies what is not on the DLQ stream yet.</summary>
    /// <returns>How many; with <see cref="MaxPerCall"/> there may be more.</returns>
    public async Task<int> RunOnceAsync(RegisteredGroup group, CancellationToken cancellationToken)
    {
        var letters = await FindAsync(group, cancellationToken);
        if (letters.Count == 0)
        {
            return 0;
        }

        var key = StreamKeys.DeadLetters(group.Stream.Name, group.Name);
        await Task.WhenAll(letters.Select(letter => redis.GetDatabase().StreamAddAsync(
            key, letter.Fields, maxLength: maxLength, useApproximateMaxLength: true)));
        await using var mark = postgres.CreateCommand(MarkSql);
        mark.Parameters.AddWithValue(letters.Select(letter => letter.Number).ToArray());
        mark.Parameters.AddWithValue(letters.Select(letter => letter.DeadAt).ToArray());
        await mark.ExecuteNonQueryAsync(cancellationToken);
        return letters.Count;
    }

    private async Task<List<Letter>> FindAsync(RegisteredGroup group, CancellationToken cancellationToken)
    {
        await using var command = postgres.CreateCommand(FindSql);
        command.Parameters.AddWithValue(group.Id);
        command.Parameters.AddWithValue(MaxPerCall);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var letters = new List<Letter>();
        while (await reader.ReadAsync(cancellationToken))
        {
            var (number, deadAt) = (reader.Get<long>("number"), reader.Get<DateTime>("dead_at"));
            letters.Add(new Letter(number, deadAt,
            [
                new(DeadLetterFields.Group, group.Name.Value),
                new(DeadLetterFields.Number, number.ToString(CultureInfo.InvariantCulture)),
                new(DeadLetterFields.Position, reader.Get<long?>("position")?.ToString(CultureInfo.InvariantCulture) ?? ""),
                new(DeadLetterFields.Error, reader.Get<string>("error")),
                new(DeadLetterFields.Attempts, reader.Get<int>("attempts").ToString(CultureInfo.InvariantCulture)),
                new(DeadLetterFields.Time, EventFields.FormatTime(deadAt)),
                .. DeadLetterRow.ReadFields(reader),
            ]));
        }

        return letters;
    }

    private sealed record Letter(long Number, DateTime DeadAt, NameValueEntry[] Fields);
}
