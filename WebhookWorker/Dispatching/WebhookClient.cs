using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using FanOut.WebhookWorker.Endpoints;
using Microsoft.Extensions.Options;

namespace FanOut.WebhookWorker.Dispatching;

/// <summary>POSTs a delivery once. Not from IHttpClientFactory: its defaults retry and resolve service names, but a client chose the URL.</summary>
internal sealed class WebhookClient : IDisposable
{
    private const int MaxExcerptLength = 500;
    private static readonly TimeSpan ExcerptTimeout = TimeSpan.FromSeconds(2);
    private static readonly ActivitySource Source = new("FanOut.WebhookWorker");

    private readonly AddressPolicy _addresses;
    private readonly WebhookOptions _options;
    private readonly TimeProvider _time;
    private readonly HttpMessageInvoker _http;

    public WebhookClient(AddressPolicy addresses, IOptions<WebhookOptions> options, TimeProvider time)
    {
        _addresses = addresses;
        _options = options.Value;
        _time = time;
        _http = new HttpMessageInvoker(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            AutomaticDecompression = DecompressionMethods.None,
            ConnectCallback = ConnectAsync,
            // An address is checked only when connecting, so a connection must not live long.
            PooledConnectionLifetime = TimeSpan.FromMinutes(2),
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(30),
            MaxResponseHeadersLength = 16,
            MaxResponseDrainSize = 16 * 1024,
        });
    }

    public async Task<Answer> PostAsync(ClaimedDelivery delivery, CancellationToken cancellationToken)
    {
        ActivityContext.TryParse(delivery.TraceParent, delivery.TraceState, isRemote: true, out var parent);
        using var activity = Source.StartActivity($"deliver {delivery.EventType}", ActivityKind.Internal, parent);
        activity?.SetTag("fanout.webhook.endpoint.id", delivery.EndpointId);
        activity?.SetTag("messaging.message.id", delivery.EventId);
        activity?.SetTag("fanout.webhook.attempt", delivery.Attempts + 1);

        using var deadline = new CancellationTokenSource(_options.Timeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        Answer answer;
        try
        {
            using var request = Request(delivery);
            using var response = await _http.SendAsync(request, either.Token);
            answer = await ReadAsync(response, either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            answer = new(null, $"No answer within {_options.Timeout.TotalSeconds:0.###} s.");
        }
        catch (Exception e) when (e is HttpRequestException or IOException or SocketException)
        {
            answer = new(null, Printable((e.InnerException ?? e).Message));
        }

        if (!answer.IsSuccess)
        {
            activity?.SetStatus(ActivityStatusCode.Error, answer.Error);
        }

        return answer;
    }

    public void Dispose() => _http.Dispose();

    private HttpRequestMessage Request(ClaimedDelivery delivery)
    {
        var body = Encoding.UTF8.GetBytes(delivery.Payload);
        var id = delivery.EventId.ToString();
        var timestamp = _time.GetUtcNow().ToUnixTimeSeconds();
        IEnumerable<byte[]> secrets = delivery.PreviousSecret is { } previous ? [delivery.Secret, previous] : [delivery.Secret];
        return new HttpRequestMessage(HttpMethod.Post, delivery.Url)
        {
            Content = new ByteArrayContent(body) { Headers = { ContentType = new("application/json") } },
            Headers =
            {
                { "webhook-id", id },
                { "webhook-timestamp", timestamp.ToString(CultureInfo.InvariantCulture) },
                { "webhook-signature", WebhookSecret.Sign(id, timestamp, body, secrets) },
                { "User-Agent", "FanOut-Webhooks/1" },
            },
        };
    }

    private async Task<Answer> ReadAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        if (response.IsSuccessStatusCode)
        {
            return new(response.StatusCode, null);
        }

        var excerpt = new byte[MaxExcerptLength];
        var length = 0;
        using var deadline = new CancellationTokenSource(ExcerptTimeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        try
        {
            await using var body = await response.Content.ReadAsStreamAsync(either.Token);
            for (var read = -1; read != 0 && length < excerpt.Length; length += read)
            {
                read = await body.ReadAsync(excerpt.AsMemory(length), either.Token);
            }
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException)
        {
            // The status is known; only a part of its explanation is missing.
        }

        var said = Printable(Encoding.UTF8.GetString(excerpt, 0, length)).Trim();
        var what = $"HTTP {(int)response.StatusCode}" + (said.Length > 0 ? $": {said}" : ".");
        return new(response.StatusCode, what, RetryAfter(response.Headers));
    }

    // Seconds are read here: the platform ignores a number beyond int.
    private TimeSpan? RetryAfter(HttpResponseHeaders headers)
    {
        if (!headers.NonValidated.TryGetValues("Retry-After", out var values))
        {
            return null;
        }

        var text = values.First().Trim();
        return double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds) && seconds >= 0
            ? TimeSpan.FromSeconds(Math.Min(seconds, _options.MaxRetryAfter.TotalSeconds))
            : RetryConditionHeaderValue.TryParse(text, out var condition) ? condition.Date - _time.GetUtcNow()
            : null;
    }

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var host = context.DnsEndPoint.Host;
        var addresses = IPAddress.TryParse(host, out var literal) ? [literal] : await AddressPolicy.LookUpAsync(host, cancellationToken);
        var allowed = addresses.Where(address => _addresses.ProblemOf(address) is null).ToArray();
        if (allowed.Length == 0)
        {
            throw new IOException($"'{host}' has an address that is not public. Webhooks are sent only to public addresses.");
        }

        for (var i = 0; ; i++)
        {
            var socket = new Socket(allowed[i].AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                await socket.ConnectAsync(allowed[i], context.DnsEndPoint.Port, cancellationToken);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch (SocketException) when (i < allowed.Length - 1)
            {
                socket.Dispose();
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        }
    }

    // Postgres stores no NUL, and control characters do not belong in logs and consoles.
    private static string Printable(string text) =>
        string.Concat(text.Take(MaxExcerptLength).Select(c => char.IsControl(c) || char.IsSurrogate(c) ? ' ' : c));
}
