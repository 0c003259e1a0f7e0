using Npgsql;

namespace FanOut.EventBus.Reclaiming;

/// <summary>Reads the registered groups of a stream.</summary>
internal sealed class RegisteredGroups(NpgsqlDataSource postgres)
{
    private static readonly string FindSql = EmbeddedText.Read("Reclaiming.find_groups.sql");

    public async Task<IReadOnlyList<RegisteredGroup>> FindAsync(StreamName stream, CancellationToken cancellationToken)
    {
        await using var command = postgres.CreateCommand(FindSql);
        command.Parameters.AddWithValue(stream.Value);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var groups = new List<RegisteredGroup>();
        while (await reader.ReadAsync(cancellationToken))
        {
            groups.Add(new(
                stream,
                new GroupName(reader.GetString(0)),
                EntryId.FromInt64(reader.GetInt64(1)),
                reader.GetInt32(2),
                reader.GetFieldValue<TimeSpan>(3),
                reader.GetFieldValue<TimeSpan>(4)));
        }

        return groups;
    }
}
