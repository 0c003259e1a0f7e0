using System.Globalization;
using System.Security.Claims;
using System.Threading.RateLimiting;
using FanOut.ServiceDefaults.Errors;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace FanOut.ServiceDefaults.Requests;

/// <summary>
/// Limits the requests of each caller by a token bucket, before their bodies are read. Not the platform's middleware: that one applies the limits of
/// routes at the same time, and those come after the bodies.
/// </summary>
internal sealed class CallerRates(RequestDelegate next, IOptions<RequestLimits> options, IProblemDetailsService problems) : IDisposable
{
    private readonly PartitionedRateLimiter<HttpContext> _buckets = PartitionedRateLimiter.Create<HttpContext, string>(
        context => RateLimitPartition.GetTokenBucketLimiter(CallerOf(context), _ => Bucket(options.Value)), StringComparer.Ordinal);

    public async Task InvokeAsync(HttpContext context)
    {
        if (DefaultEndpoints.IsProbe(context.Request.Path))
        {
            await next(context);
            return;
        }

        using var lease = _buckets.AttemptAcquire(context);
        if (lease.IsAcquired)
        {
            await next(context);
            return;
        }

        var wait = lease.TryGetMetadata(MetadataName.RetryAfter, out var known) ? known : TimeSpan.Zero;
        context.Response.Headers.RetryAfter = Math.Max(1, Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        await problems.WriteAsync(
            context,
            StatusCodes.Status429TooManyRequests,
            string.Create(
                CultureInfo.InvariantCulture,
                $"A caller may send {options.Value.RatePerCaller} requests per second here (Requests:RatePerCaller). Send it again later."));
    }

    public void Dispose() => _buckets.Dispose();

    internal static TokenBucketRateLimiterOptions Bucket(RequestLimits limits)
    {
        // About ten times a second. The period follows from the whole tokens, so that every rate is exact.
        var tokens = Math.Max(1, limits.RatePerCaller / 10);
        return new()
        {
            TokenLimit = limits.BurstPerCaller,
            TokensPerPeriod = tokens,
            ReplenishmentPeriod = TimeSpan.FromSeconds((double)tokens / limits.RatePerCaller),
            AutoReplenishment = true,
        };
    }

    private static string CallerOf(HttpContext context) =>
        context.User.FindFirstValue(ClaimTypes.NameIdentifier) is { } id
            ? $"{context.User.Identity?.AuthenticationType} {id}"
            : $"{context.Connection.RemoteIpAddress}";
}
