using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace FanOut.Services.Tests.WebhookWorker;

/// <summary>A customer's HTTP server on loopback that receives webhooks, and answers as its test says.</summary>
internal sealed class Receiver : IAsyncDisposable
{
    private readonly WebApplication _app;
    private int _underWay;
    private int _mostUnderWay;

    private Receiver(WebApplication app) => _app = app;

    public ConcurrentQueue<Received> All { get; } = new();

    /// <summary>The highest number of concurrent requests.</summary>
    public int MostUnderWay => Volatile.Read(ref _mostUnderWay);

    public string Url => _app.Urls.First() + "/hook";

    public static async Task<Receiver> StartAsync(Func<Received, HttpContext, Task>? answer = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var receiver = new Receiver(app);
        app.Run(async context =>
        {
            var now = Interlocked.Increment(ref receiver._underWay);
            InterlockedMax(ref receiver._mostUnderWay, now);
            try
            {
                using var body = new MemoryStream();
                await context.Request.Body.CopyToAsync(body, context.RequestAborted);
                var received = new Received(
                    context.Request.Path,
                    context.Request.Headers.ToDictionary(header => header.Key, header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase),
                    body.ToArray());
                receiver.All.Enqueue(received);
                if (answer is not null)
                {
                    await answer(received, context);
                }
            }
            finally
            {
                Interlocked.Decrement(ref receiver._underWay);
            }
        });
        await app.StartAsync();
        return receiver;
    }

    public static Func<Received, HttpContext, Task> Says(int status) => (_, context) =>
    {
        context.Response.StatusCode = status;
        return Task.CompletedTask;
    };

    public Task HasAsync(int count) => Eventually.BecomesTrueAsync(() => Task.FromResult(All.Count >= count));

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private static void InterlockedMax(ref int most, int value)
    {
        for (var seen = Volatile.Read(ref most); value > seen;)
        {
            var before = Interlocked.CompareExchange(ref most, value, seen);
            if (before == seen)
            {
                return;
            }

            seen = before;
        }
    }
}
