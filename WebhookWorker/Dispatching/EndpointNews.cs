namespace FanOut.WebhookWorker.Dispatching;

/// <summary>What a round of attempts says about their endpoint, in the order in which they ended.</summary>
internal sealed record EndpointNews(Guid Endpoint, bool Succeeded, int Failures, string? Error, TimeSpan? Rest)
{
    public static EndpointNews Of(IGrouping<Guid, Attempt> attempts)
    {
        var news = new EndpointNews(attempts.Key, Succeeded: false, Failures: 0, Error: null, Rest: null);
        foreach (var attempt in attempts)
        {
            var rest = attempt.Rest > news.Rest || news.Rest is null ? attempt.Rest : news.Rest;
            news = attempt.Result == AttemptResult.Delivered
                ? news with { Succeeded = true, Failures = 0 }
                : news with
                {
                    Failures = news.Failures + (attempt.Result == AttemptResult.Postponed ? 0 : 1),
                    Error = attempt.Error ?? "",
                    Rest = rest,
                };
        }

        return news;
    }
}
