using FanOut.ServiceDefaults.Access;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Configuration.Memory;

namespace FanOut.ServiceDefaults.Telemetry;

/// <summary>
/// Default log levels without the frameworks' messages about every probe, statement and refused key. Configuration under <c>Logging</c> wins.
/// </summary>
internal static class QuietLogs
{
    private static readonly string[] NoisyCategories =
    [
        "Microsoft.AspNetCore", "Npgsql", "StackExchange.Redis", "System.Net.Http.HttpClient", "Polly", typeof(ApiKeyHandler).FullName!,
    ];

    public static void AddQuietLogs(this IConfigurationBuilder configuration) =>
        configuration.Sources.Insert(0, new MemoryConfigurationSource
        {
            InitialData = NoisyCategories.Select(category => new KeyValuePair<string, string?>($"Logging:LogLevel:{category}", "Warning")),
        });
}
