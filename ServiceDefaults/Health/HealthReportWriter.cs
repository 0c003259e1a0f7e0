using System.Text.Json;
using System.Text.Json.Serialization;
using FanOut.ServiceDefaults.Access;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace FanOut.ServiceDefaults.Health;

internal static class HealthReportWriter
{
    private static readonly JsonSerializerOptions Json = new() { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    /// <summary>Writes the report. Anonymous callers get no reasons: these name hosts.</summary>
    public static Task WriteAsync(HttpContext context, HealthReport report)
    {
        var isDetailed = context.User.HasScope(Scopes.OpsRead);
        return context.Response.WriteAsJsonAsync(
            new
            {
                status = report.Status.ToString(),
                checks = report.Entries.ToDictionary(check => check.Key, check => new
                {
                    status = check.Value.Status.ToString(),
                    durationMs = isDetailed ? Math.Round(check.Value.Duration.TotalMilliseconds, 1) : (double?)null,
                    description = isDetailed ? check.Value.Description ?? check.Value.Exception?.Message : null,
                    data = isDetailed && check.Value.Data.Count > 0
                        ? check.Value.Data.ToDictionary(item => item.Key, item => item.Value?.ToString())
                        : null,
                }),
            },
            Json,
            context.RequestAborted);
    }
}
