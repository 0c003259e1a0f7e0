using FanOut.EventBus.Groups;

namespace FanOut.Bench.Retention;

/// <summary>What a stream takes at one moment.</summary>
internal sealed record StreamSizes
{
    private static readonly string ReadSizes = EmbeddedSql.Read("Retention.read_sizes.sql");

    public required long Outbox { get; init; }

    public required long Inbox { get; init; }

    public required long InboxIndex { get; init; }

    public required long Retry { get; init; }

    public required long Groups { get; init; }

    public required long DeadRows { get; init; }

    /// <summary>The highest committed position.</summary>
    public required long Highest { get; init; }

    /// <summary>The lowest position that the outbox still has.</summary>
    public required long Lowest { get; init; }

    public required long DoneThrough { get; init; }

    /// <summary>The highest position on the stream.</summary>
    public required long Published { get; init; }

    /// <summary>The entries of the stream.</summary>
    public required long Length { get; init; }

    public static async Task<StreamSizes> ReadAsync(BenchServers servers, StreamIdentity stream, CancellationToken cancellationToken)
    {
        var published = (long)await servers.Redis.HashGetAsync(StreamKeys.Relay(stream.Name), "position");
        var length = await servers.Redis.StreamLengthAsync(StreamKeys.Stream(stream.Name));
        await using var command = servers.Postgres.CreateCommand(ReadSizes);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return new StreamSizes
        {
            Outbox = Value("outbox"),
            Inbox = Value("inbox"),
            InboxIndex = Value("inbox_index"),
            Retry = Value("retry"),
            Groups = Value("groups"),
            DeadRows = Value("dead_rows"),
            Highest = Value("highest"),
            Lowest = Value("lowest"),
            DoneThrough = Value("done_through"),
            Published = published,
            Length = length,
        };

        long Value(string column) => reader.GetFieldValue<long>(reader.GetOrdinal(column));
    }
}
