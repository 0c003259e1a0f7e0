using System.Collections.Concurrent;

namespace FanOut.EndToEnd.Tests.Running;

/// <summary>A customer's server that accepts every webhook.</summary>
internal sealed class WebhookReceiver : IAsyncDisposable
{
    private LoopbackServer _server = null!;

    public ConcurrentQueue<ReceivedWebhook> Received { get; } = [];

    public string Url => $"{_server.Url}/hook";

    public static async Task<WebhookReceiver> StartAsync()
    {
        var receiver = new WebhookReceiver();
        receiver._server = await LoopbackServer.StartAsync((request, body) =>
            receiver.Received.Enqueue(new ReceivedWebhook(request.Headers["webhook-id"].ToString(), request.Headers.TraceParent.ToString(), body)));
        return receiver;
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();
}
