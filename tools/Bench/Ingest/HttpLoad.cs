namespace FanOut.Bench.Ingest;

/// <summary>Sends requests over several connections, each as soon as the last one is answered.</summary>
internal static class HttpLoad
{
    /// <summary>Runs for a time, and at least until <paramref name="atLeast"/> requests are answered.</summary>
    /// <returns>Answers per second.</returns>
    /// <exception cref="InvalidOperationException">An answer was not 201.</exception>
    public static async Task<double> RunAsync(
        HttpClient http, Func<HttpRequestMessage> next, int connections, TimeSpan duration, int atLeast, CancellationToken cancellationToken)
    {
        var total = 0;
        var started = TimeProvider.System.GetTimestamp();
        var counts = await Task.WhenAll(Enumerable.Range(0, connections).Select(_ => Task.Run(
            async () =>
            {
                var count = 0L;
                for (; Volatile.Read(ref total) < atLeast || TimeProvider.System.GetElapsedTime(started) < duration; count++)
                {
                    await SendAsync(http, next(), cancellationToken);
                    Interlocked.Increment(ref total);
                }

                return count;
            },
            cancellationToken)));
        return counts.Sum() / TimeProvider.System.GetElapsedTime(started).TotalSeconds;
    }

    public static async Task SendAsync(HttpClient http, HttpRequestMessage request, CancellationToken cancellationToken)
    {
        using (request)
        {
            using var answer = await http.SendAsync(request, cancellationToken);
            var body = await answer.Content.ReadAsStringAsync(cancellationToken);
            if (answer.StatusCode != System.Net.HttpStatusCode.Created)
            {
                throw new InvalidOperationException($"{request.RequestUri} answered {(int)answer.StatusCode}: {body}");
            }
        }
    }
}
