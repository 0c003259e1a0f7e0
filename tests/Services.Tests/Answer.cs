using System.Net;
using System.Text.Json.Nodes;
using Xunit;

namespace FanOut.Services.Tests;

/// <summary>All of an HTTP answer that a client can tell from another.</summary>
public sealed record Answer(HttpStatusCode Status, string Body, string? MediaType, string? Location, string? RetryAfter, bool Replayed)
{
    public JsonNode Json => JsonNode.Parse(Body)!;

    public string Id => (string)Json["id"]!;

    public static async Task<Answer> ToAsync(HttpClient http, HttpRequestMessage request)
    {
        using (request)
        using (var response = await http.SendAsync(request, TestContext.Current.CancellationToken))
        {
            return new Answer(
                response.StatusCode,
                await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken),
                response.Content.Headers.ContentType?.MediaType,
                response.Headers.Location?.ToString(),
                response.Headers.RetryAfter?.ToString(),
                response.Headers.Contains("Idempotency-Replayed"));
        }
    }

    public void IsProblem(HttpStatusCode status)
    {
        Assert.Equal((status, "application/problem+json"), (Status, MediaType));
        Assert.Equal((int)status, (int)Json["status"]!);
    }

    /// <summary>A problem that names these fields and no other.</summary>
    public void IsProblemOf(HttpStatusCode status, params IEnumerable<string> fields)
    {
        IsProblem(status);
        Assert.Equal(fields.Order(StringComparer.Ordinal), Json["errors"]!.AsObject().Select(error => error.Key).Order(StringComparer.Ordinal));
    }
}
