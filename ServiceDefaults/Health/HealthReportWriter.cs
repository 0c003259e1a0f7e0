using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace FanOut.ServiceDefaults.Health;

internal static class HealthReportWriter
{
    private static readonly JsonSerializerOptions Json = new() { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    public static Task WriteAsync(HttpContext context, HealthReport report) => context.Response.WriteAsJsonAsync(
        new
        {
            status = report.Status.ToString(),
            checks = report.Entries.ToDictionary(check => check.Key, check => new
            {
                status = check.Value.Status.ToString(),
                durationMs = Math.Round(check.Value.Duration.TotalMilliseconds, 1),
                description = check.Value.Description ?? check.Value.Exception?.Message,
                data = check.Value.Data.Count == 0 ? null : check.Value.Data.ToDictionary(item => item.Key, item => item.Value?.ToString()),
            }),
        },
        Json,
        context.RequestAborted);
}
