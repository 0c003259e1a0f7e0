using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using FanOut.WebhookWorker.Endpoints;
using Microsoft.Extensions.Options;

namespace FanOut.WebhookWorker.Dispatching;

/// <summary>POSTs webhooks, each once. Not from IHttpClientFactory: its defaults retry and resolve names, but a client chose the URL.</summary>
internal sealed class WebhookClient : IDisposable
{
    public const string UnreadableSecret =
        "The endpoint's secret cannot be decrypted: its key is not in access.data_protection_keys, or the certificate that encrypts the keys is not "
        + "given (DataProtection:Certificate, DataProtection:PreviousCertificates). Restore it, or give the endpoint a new secret.";

    private const int MaxExcerptLength = 500;
    private static readonly TimeSpan ExcerptTimeout = TimeSpan.FromSeconds(2);
    private static readonly ActivitySource Source = new("FanOut.WebhookWorker");

    private readonly EndpointSecrets _secrets;
    private readonly AddressPolicy _addresses;
    private readonly WebhookOptions _options;
    private readonly TimeProvider _time;
    private readonly HttpMessageInvoker _http;

    public WebhookClient(EndpointSecrets secrets, AddressPolicy addresses, IOptions<WebhookOptions> options, TimeProvider time)
    {
        _secrets = secrets;
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
            ActivityHeadersPropagator = new TraceParentPropagator(),
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

        var secrets = _secrets.Decrypt(delivery.EndpointId, delivery.EncryptedSecret, delivery.EncryptedPreviousSecret);
        var answer = secrets.Count == 0
            ? new(null, UnreadableSecret, UnreadableSecret) { IsUnsent = true }
            : await SendAsync(
                new Webhook(delivery.Url, delivery.EventId, Encoding.UTF8.GetBytes(delivery.Payload), secrets),
                _options.Timeout,
                read: null,
                cancellationToken);
        if (!answer.IsSuccess)
        {
            activity?.SetStatus(ActivityStatusCode.Error, answer.Reason);
        }

        return answer;
    }

    /// <summary>POSTs once. The time limit includes <paramref name="read"/>, which by default reads the start of an error.</summary>
    public async Task<Answer> SendAsync(
        Webhook webhook,
        TimeSpan timeout,
        Func<HttpResponseMessage, CancellationToken, Task<Answer>>? read,
        CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(timeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        try
        {
            using var request = Request(webhook);
            using var response = await _http.SendAsync(request, either.Token);
            return await (read ?? ReadAsync)(response, either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return Unanswered($"No answer within {timeout.TotalSeconds:0.###} s.");
        }
        catch (Exception e) when (e is HttpRequestException { HttpRequestError: HttpRequestError.InvalidResponse }
            or HttpIOException { HttpRequestError: HttpRequestError.InvalidResponse })
        {
            // The message has a part of the answer.
            return new(null, Printable(e.Message), "The answer is not valid HTTP.");
        }
        catch (Exception e) when (e is HttpRequestException or IOException or SocketException)
        {
            return Unanswered(Printable((e.InnerException ?? e).Message));
        }

        static Answer Unanswered(string error) => new(null, error, error);
    }

    public void Dispose() => _http.Dispose();

    private HttpRequestMessage Request(Webhook webhook)
    {
        var id = webhook.Id.ToString();
        var timestamp = _time.GetUtcNow().ToUnixTimeSeconds();
        return new HttpRequestMessage(HttpMethod.Post, webhook.Url)
        {
            Content = new ByteArrayContent(webhook.Body) { Headers = { ContentType = new("application/json") } },
            Headers =
            {
                { "webhook-id", id },
                { "webhook-timestamp", timestamp.ToString(CultureInfo.InvariantCulture) },
                { "webhook-signature", WebhookSecret.Sign(id, timestamp, webhook.Body, webhook.Secrets) },
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
        var reason = $"HTTP {(int)response.StatusCode}";
        return new(response.StatusCode, reason + (said.Length > 0 ? $": {said}" : "."), reason, RetryAfter(response.Headers));
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
