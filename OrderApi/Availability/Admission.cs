using System.Globalization;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.Extensions.Options;

namespace FanOut.OrderApi.Availability;

/// <summary>Clients that ask faster than orders can be written would wait longer and longer, until all of them give up. So the queue is bounded, and who does not get into it hears so at once.</summary>
internal sealed partial class Admission(IOptions<AdmissionOptions> options, IProblemDetailsService problems, TimeProvider time, ILogger<Admission> logger) : IRateLimiterPolicy<string>
{
    public const string Policy = "orders";

    // An overload is said once in a while, not as often as clients ask.
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(10);

    private readonly AdmissionOptions _options = options.Value;
    private long _refused;
    private long _saidAt = time.GetTimestamp() - (long)(Quiet.TotalSeconds * time.TimestampFrequency);

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
        var saidAt = Volatile.Read(ref _saidAt);
        if (time.GetElapsedTime(saidAt) >= Quiet && Interlocked.CompareExchange(ref _saidAt, time.GetTimestamp(), saidAt) == saidAt)
        {
            Log.Overloaded(logger, Interlocked.Exchange(ref _refused, 0), _options.MaxConcurrent, _options.MaxQueued);
        }

        var http = context.HttpContext;
        http.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        http.Response.Headers.RetryAfter = Math.Ceiling(_options.RetryAfter.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        await problems.TryWriteAsync(new()
        {
            HttpContext = http,
            ProblemDetails =
            {
                Status = StatusCodes.Status503ServiceUnavailable,
                Title = "Too many requests wait already.",
                Detail = "Nothing was written; send the request again later.",
            },
        });
    }

    private static partial class Log
    {
        [LoggerMessage(2002, LogLevel.Warning, "{Count} request(s) were answered 503 since this was last said: {MaxConcurrent} are served and {MaxQueued} wait. See Admission:MaxConcurrent and Admission:MaxQueued; more replicas serve more.")]
        public static partial void Overloaded(ILogger logger, long count, int maxConcurrent, int maxQueued);
    }
}
