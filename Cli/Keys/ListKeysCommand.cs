using System.CommandLine;
using System.Globalization;
using System.Text.Json.Serialization;
using FanOut.ServiceDefaults.Access;
using Spectre.Console;

namespace FanOut.Cli.Keys;

internal static class ListKeysCommand
{
    public static Command Create(Workspace workspace)
    {
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        var connection = KeyDatabase.Option();
        var command = new Command("list", "List API keys, newest first, without their secrets.") { json, connection };
        command.SetAction((arguments, cancellationToken) => KeyDatabase.UseAsync(
            workspace,
            arguments.GetValue(connection),
            async keys =>
            {
                var entries = await keys.ListAsync(cancellationToken);
                Output.Write(arguments.GetValue(json), entries, KeysJson.Default.IReadOnlyListApiKeyEntry, Show);
                return 0;
            },
            cancellationToken));
        return command;
    }

    private static void Show(IReadOnlyList<ApiKeyEntry> entries)
    {
        if (entries.Count == 0)
        {
            AnsiConsole.MarkupLine("There are no keys. Create one: [bold]./fanout keys create --scope orders:write[/]");
            return;
        }

        var now = TimeProvider.System.GetUtcNow();
        var table = new Table().Border(TableBorder.Rounded).AddColumns("id", "name", "owner", "scopes", "created (UTC)", "last used", "state");
        foreach (var entry in entries)
        {
            table.AddRow(
                Output.Text(entry.Id),
                Output.Text(entry.Name),
                Output.Text(entry.Owner),
                Output.Text(string.Join(' ', entry.Scopes)),
                Time(entry.CreatedAt),
                entry.LastUsedAt is { } used ? Time(used) : "never",
                entry.RevokedAt is { } revoked ? $"revoked {Time(revoked)}"
                    : entry.ExpiresAt is { } ended && ended <= now ? $"expired {Time(ended)}"
                    : entry.ExpiresAt is { } expires ? $"until {Time(expires)}"
                    : "active");
        }

        AnsiConsole.Write(table);
    }

    private static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(IReadOnlyList<ApiKeyEntry>))]
internal sealed partial class KeysJson : JsonSerializerContext;
