using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Configuration.Memory;

namespace FanOut.ServiceDefaults.Telemetry;

/// <summary>
/// The usual log levels: what a framework says of every probe, statement and call is left out, so that an idle system logs nothing. Whatever else is configured under <c>Logging</c> stands before them.
/// </summary>
internal static class QuietLogs
{
    private static readonly string[] TalkativeCategories = ["Microsoft.AspNetCore", "Npgsql", "StackExchange.Redis", "System.Net.Http.HttpClient", "Polly"];

    public static void AddQuietLogs(this IConfigurationBuilder configuration) =>
        configuration.Sources.Insert(0, new MemoryConfigurationSource
        {
            InitialData = TalkativeCategories.Select(category => new KeyValuePair<string, string?>($"Logging:LogLevel:{category}", "Warning")),
        });
}
