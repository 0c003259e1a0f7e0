using System.Text;
using FanOut.EventBus.Inbox;
using FanOut.EventBus.Telemetry;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace FanOut.EventBus.Reclaiming;

/// <summary>Finds out, and says, whether entries that vanished from the stream while they were pending are lost, or had been handled and only lacked their acknowledgement.</summary>
internal sealed partial class MissingEntries(NpgsqlDataSource postgres, EventBusMetrics metrics, ILogger<MissingEntries> logger)
{
    private const int MostNamed = 50;

    /// <returns>How many are lost.</returns>
    public async Task<int> ReportAsync(RegisteredGroup group, bool redriven, string[] ids, CancellationToken cancellationToken)
    {
        var lost = redriven ? ids : await WithoutHandledAsync(group, ids, cancellationToken);
        if (lost.Length == 0)
        {
            return 0;
        }

        metrics.Missing(group.Stream, group.Name, lost.Length);
        var named = string.Join(", ", lost.Take(MostNamed)) + (lost.Length > MostNamed ? $" and {lost.Length - MostNamed} more" : "");
        Log.Lost(logger, group.Stream, group.Name, lost.Length, redriven ? group.RedriveKey.ToString() : group.StreamKey.ToString(), named);
        return lost.Length;
    }

    private async Task<string[]> WithoutHandledAsync(RegisteredGroup group, string[] ids, CancellationToken cancellationToken)
    {
        var parsed = new Dictionary<EntryId, string>();
        var foreign = new List<string>();
        foreach (var id in ids)
        {
            if (EntryId.TryParse(Encoding.ASCII.GetBytes(id), out var entry))
            {
                parsed[entry] = id;
            }
            else
            {
                foreign.Add(id);
            }
        }

        await using var connection = await postgres.OpenConnectionAsync(cancellationToken);
        var handled = await new InboxTable(group.Stream, group.Name).FindCoveredAsync(connection, [.. parsed.Keys], cancellationToken);
        return [.. parsed.Where(id => !handled.Contains(id.Key)).Select(id => id.Value), .. foreign];
    }

    private static partial class Log
    {
        [LoggerMessage(501, LogLevel.Error,
            "Group '{Group}' of stream '{Stream}' lost {Count} event(s): they were pending but are no longer in {Key}, and the group has not handled them. Something trimmed or deleted them there. Lost: {Ids}")]
        public static partial void Lost(ILogger logger, StreamName stream, GroupName group, int count, string key, string ids);
    }
}
