using Microsoft.AspNetCore.Http;

namespace FanOut.ServiceDefaults;

internal static class DefaultEndpoints
{
    public const string Health = "/health";
    public const string Alive = "/alive";
    public const string Metrics = "/metrics";

    public static bool IsProbe(PathString path) => path.Equals(Health, StringComparison.Ordinal) || path.Equals(Alive, StringComparison.Ordinal);

    public static bool Serves(PathString path) =>
        path.StartsWithSegments(Health, StringComparison.Ordinal)
        || path.StartsWithSegments(Alive, StringComparison.Ordinal)
        || path.StartsWithSegments(Metrics, StringComparison.Ordinal);
}
