using System.Net;
using Microsoft.Extensions.Options;

namespace FanOut.WebhookWorker.Dispatching;

/// <summary>Decides what follows from an answer: delivered, retry after a delay, or failed.</summary>
internal sealed class AttemptPolicy(IOptions<WebhookOptions> options)
{
    private const double Jitter = 0.2;
    private const int MaxDoublings = 10;
    private static readonly TimeSpan FirstRest = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan MaxRest = TimeSpan.FromMinutes(1);

    public Attempt Judge(ClaimedDelivery delivery, Answer answer)
    {
        if (answer.IsSuccess)
        {
            return new(delivery, AttemptResult.Delivered, answer.Status);
        }

        if (answer.IsUnsent)
        {
            return new(delivery, AttemptResult.Postponed, null, answer.Error, answer.Reason, MaxRest, MaxRest);
        }

        var settings = options.Value;
        var retryAfter = TimeSpan.FromTicks(Math.Clamp(answer.RetryAfter?.Ticks ?? 0, 0, settings.MaxRetryAfter.Ticks));
        TimeSpan? rest = answer.AsksForRest ? Longer(retryAfter, Rest(delivery.EndpointFailures)) : null;
        if (answer.Status == HttpStatusCode.Gone || delivery.Attempts >= settings.RetryDelays.Count)
        {
            return new(delivery, AttemptResult.Failed, answer.Status, answer.Error, answer.Reason, Rest: rest);
        }

        var delay = settings.RetryDelays[delivery.Attempts] * (1 + (Jitter * Random.Shared.NextDouble()));
        return new(delivery, AttemptResult.Retry, answer.Status, answer.Error, answer.Reason, Longer(delay, retryAfter), rest);
    }

    private static TimeSpan Rest(int failures)
    {
        var rest = FirstRest * (1 << Math.Min(failures, MaxDoublings));
        return rest < MaxRest ? rest : MaxRest;
    }

    private static TimeSpan Longer(TimeSpan a, TimeSpan b) => a > b ? a : b;
}
