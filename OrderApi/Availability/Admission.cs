using System.Threading.RateLimiting;
using FanOut.ServiceDefaults.Errors;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.Extensions.Options;

namespace FanOut.OrderApi.Availability;

/// <summary>Bounds the queue of requests: the others are answered 503 at once, instead of all waiting until they time out.</summary>
internal sealed partial class Admission(
    IOptions<AdmissionOptions> options, IProblemDetailsService problems, TimeProvider time, ILogger<Admission> logger) : IRateLimiterPolicy<string>
{
    public const string Policy = "orders";

    // An overload is logged once per interval, not once per request.
    private static readonly TimeSpan LogInterval = TimeSpan.FromSeconds(10);

    private readonly AdmissionOptions _options = options.Value;
    private long _refused;
    private long _loggedAt = time.GetTimestamp() - (long)(LogInterval.TotalSeconds * time.TimestampFrequency);

    public Func<OnRejectedContext, CancellationToken, ValueTask> OnRejected => RefuseAsync;

    public RateLimitPartition<string> GetPartition(HttpContext httpContext) => RateLimitPartition.GetConcurrencyLimiter(Policy, _ => new()
    {
        PermitLimit = _options.MaxConcurrent,
        QueueLimit = _options.MaxQueued,
        QueueProcessingOrder = QueueProcessingOrder.OldestFirst,
    });

    private async ValueTask RefuseAsync(OnRejectedContext context, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _refused);
        var loggedAt = Volatile.Read(ref _loggedAt);
        if (time.GetElapsedTime(loggedAt) >= LogInterval && Interlocked.CompareExchange(ref _loggedAt, time.GetTimestamp(), loggedAt) == loggedAt)
        {
            Log.Overloaded(logger, Interlocked.Exchange(ref _refused, 0), _options.MaxConcurrent, _options.MaxQueued);
        }

        await problems.WriteUnavailableAsync(
            context.HttpContext, _options.RetryAfter, "Too many requests are waiting.", "Nothing was written; send the request again later.");
    }

    private static partial class Log
    {
        [LoggerMessage(
            2002,
            LogLevel.Warning,
            "{Count} requests were answered 503 since the last message: {MaxConcurrent} are running and {MaxQueued} are waiting. "
            + "Raise Admission:MaxConcurrent or Admission:MaxQueued, or add replicas.")]
        public static partial void Overloaded(ILogger logger, long count, int maxConcurrent, int maxQueued);
    }
}
