using System.IO.Pipelines;
using FanOut.ServiceDefaults.Errors;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;

namespace FanOut.ServiceDefaults.Requests;

/// <summary>
/// Accepts only JSON, unless a route declares another type, and reads it before the request waits for a permit or a database
/// connection: a client that sends slowly holds its own connection, a few bytes, and nothing else.
/// </summary>
internal sealed class RequestBodies(RequestDelegate next, IOptions<RequestLimits> options, IProblemDetailsService problems, TimeProvider time)
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    private readonly RequestLimits _limits = options.Value;
    private long _buffered;

    private enum Outcome
    {
        Whole,
        TooLarge,
        Late,
        Malformed,
        OverLimit,
    }

    public async Task InvokeAsync(HttpContext context)
    {
        if (context.GetEndpoint() is not { } endpoint
            || endpoint.Metadata.GetMetadata<ReadsOwnBody>() is not null
            || BrowserRules.IsSafe(context.Request.Method))
        {
            await next(context);
            return;
        }

        var hasBody = context.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody ?? false;
        var max = TakeLimit(context);
        if (WrongType(context.Request, endpoint, hasBody) is { } reason)
        {
            await problems.WriteAsync(context, StatusCodes.Status415UnsupportedMediaType, reason);
            return;
        }

        if (!hasBody)
        {
            await next(context);
            return;
        }

        await using var body = new MemoryStream();
        try
        {
            switch (await ReadAsync(context, body, max))
            {
                case Outcome.Whole:
                    body.Position = 0;
                    context.Request.Body = body;
                    if (context.Request.HasJsonContentType())
                    {
                        context.Request.ContentType = "application/json"; // The platform does not know "utf-8" in quotes.
                    }

                    await next(context);
                    break;
                case Outcome.TooLarge:
                    await problems.WriteAsync(context, StatusCodes.Status413PayloadTooLarge, $"The body must have at most {max} bytes.");
                    break;
                case Outcome.Late:
                    await problems.WriteAsync(
                        context, StatusCodes.Status408RequestTimeout, $"The body must arrive within {_limits.BodyTimeout} (Requests:BodyTimeout).");
                    break;
                case Outcome.Malformed:
                    await problems.WriteAsync(context, StatusCodes.Status400BadRequest, "The chunks of the body are not valid.");
                    break;
                default:
                    await problems.WriteUnavailableAsync(
                        context, RetryAfter, "Too many requests are being read.", "Nothing was written; send the request again later.");
                    break;
            }
        }
        finally
        {
            Interlocked.Add(ref _buffered, -body.Length);
        }
    }

    /// <summary>
    /// Applies the route's limit here: the server resets a connection whose body is over its own, often before the client has read the answer.
    /// A body that is only left unread, it drains for a few seconds.
    /// </summary>
    public static long TakeLimit(HttpContext context)
    {
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is not { IsReadOnly: false, MaxRequestBodySize: { } max } limit)
        {
            return long.MaxValue;
        }

        limit.MaxRequestBodySize = null;
        return max;
    }

    private async Task<Outcome> ReadAsync(HttpContext context, MemoryStream body, long max)
    {
        var outcome = context.Request.ContentLength > max
            ? Outcome.TooLarge
            : await ReadAsync(context.Request.BodyReader, body, max, context.RequestAborted);
        if (outcome != Outcome.Whole)
        {
            // The rest of the body is not worth reading.
            context.Response.Headers.Connection = "close";
        }

        return outcome;
    }

    private async Task<Outcome> ReadAsync(PipeReader reader, MemoryStream body, long max, CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(_limits.BodyTimeout, time);
        await using var cancel = deadline.Token.Register(reader.CancelPendingRead);
        try
        {
            while (true)
            {
                var result = await reader.ReadAsync(cancellationToken);
                foreach (var segment in result.Buffer)
                {
                    body.Write(segment.Span);
                }

                var buffered = Interlocked.Add(ref _buffered, result.Buffer.Length);
                reader.AdvanceTo(result.Buffer.End);
                if (result.IsCanceled || result.IsCompleted || body.Length > max || buffered > _limits.MaxBuffered)
                {
                    return result.IsCanceled ? Outcome.Late
                        : body.Length > max ? Outcome.TooLarge
                        : result.IsCompleted ? Outcome.Whole
                        : Outcome.OverLimit;
                }
            }
        }
        catch (IOException e) when (e is not BadHttpRequestException && !cancellationToken.IsCancellationRequested)
        {
            // The size of a chunk is out of range.
            return Outcome.Malformed;
        }
    }

    private static string? WrongType(HttpRequest request, Endpoint endpoint, bool hasBody)
    {
        var encoding = request.Headers.ContentEncoding.ToString();
        if (encoding.Length > 0 && !encoding.Equals("identity", StringComparison.OrdinalIgnoreCase))
        {
            return "Content-Encoding is not supported: send the body as it is.";
        }

        var given = request.Headers.ContentType.ToString();
        return given.Length == 0 && !hasBody ? null
            : endpoint.Metadata.GetMetadata<IAcceptsMetadata>()?.ContentTypes.Contains(given) ?? false ? null
            : !request.HasJsonContentType() ? "Content-Type must be application/json."
            : MediaTypeHeaderValue.Parse(given).Charset is { Length: > 0 } charset && !IsUtf8(charset.Value!)
                ? "The charset of Content-Type must be utf-8."
            : null;
    }

    private static bool IsUtf8(string charset) => charset.Trim('"').Equals("utf-8", StringComparison.OrdinalIgnoreCase);
}
