using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace FanOut.Services.Tests.WebhookWorker;

public sealed class VerificationTests
{
    private static readonly (string, string) Required = ("Webhooks:RequireVerification", "true");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("{0}")]
    [InlineData("{0}\r\n")]
    [InlineData("{{\"challenge\":\"{0}\"}}")]
    public async Task Events_are_sent_to_a_receiver_that_repeats_the_challenge(string answer)
    {
        await using var receiver = await Receiver.StartAsync((received, context) => AnswerAsync(received, context, answer));
        await using var webhooks = await Webhooks.StartAsync(Required);

        var endpoint = await webhooks.SubscribeAsync(receiver);
        await webhooks.Orders.PublishAsync();
        await webhooks.DeliveryIsAsync(endpoint.Id, "delivered");

        Assert.True(endpoint.Verification is { IsAwaited: false, VerifiedAt: not null, Error: null });
        Assert.Equal(["endpoint.verification", "order.placed"], receiver.All.Select(one => one.Json.GetProperty("type").GetString()));
        Assert.All(receiver.All, one => Assert.True(one.IsSignedBy(endpoint.Secret!)));
    }

    [Fact]
    public async Task Events_wait_until_the_receiver_has_confirmed_and_are_sent_then()
    {
        var isReady = false;
        await using var receiver = await Receiver.StartAsync(
            (received, context) => Volatile.Read(ref isReady) ? AnswerAsync(received, context, "{0}") : Receiver.Says(404)(received, context));
        await using var webhooks = await Webhooks.StartAsync(Required);

        var endpoint = await webhooks.SubscribeAsync(receiver);
        var early = await webhooks.Orders.PublishAsync();
        var waiting = await webhooks.DeliveryIsAsync(endpoint.Id, "pending");
        using var refused = await webhooks.Host.Http.PostAsync($"/endpoints/{endpoint.Id}/verify", null, Cancellation);
        var problem = await refused.Content.ReadFromJsonAsync<JsonNode>(Cancellation);
        Volatile.Write(ref isReady, true);
        var verified = await webhooks.Api.VerifyEndpointAsync(endpoint.Id, Cancellation);
        var delivered = await webhooks.DeliveryIsAsync(endpoint.Id, "delivered");

        Assert.True(endpoint.Verification is { IsAwaited: true, VerifiedAt: null, Error: not null });
        Assert.Equal((early, 0), (waiting.EventId, waiting.Attempts));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, refused.StatusCode);
        Assert.Equal("It answered HTTP 404, but must answer 200 with the challenge.", (string?)problem!["detail"]);
        Assert.True(verified.Verification is { IsAwaited: false, VerifiedAt: not null, Error: null });
        Assert.Equal((waiting.Id, 1), (delivered.Id, delivered.Attempts));
        Assert.Equal(3, receiver.All.Count(one => one.Json.GetProperty("type").GetString() == "endpoint.verification"));
    }

    [Fact]
    public async Task An_account_cannot_make_the_worker_ask_a_receiver_without_end()
    {
        await using var receiver = await Receiver.StartAsync(Receiver.Says(404));
        await using var webhooks = await Webhooks.StartAsync(Required);
        var endpoint = await webhooks.SubscribeAsync(receiver);

        var problem = "";
        while (!problem.Contains("too often", StringComparison.Ordinal))
        {
            using var refused = await webhooks.Host.Http.PostAsync($"/endpoints/{endpoint.Id}/verify", null, Cancellation);
            problem = await refused.Content.ReadAsStringAsync(Cancellation);
            Assert.InRange(receiver.All.Count, 1, 100);
        }

        Assert.True((await webhooks.Api.GetEndpointAsync(endpoint.Id, Cancellation)).Verification.IsAwaited);
    }

    [Fact]
    public async Task Another_URL_is_asked_again()
    {
        await using var first = await Receiver.StartAsync((received, context) => AnswerAsync(received, context, "{0}"));
        await using var second = await Receiver.StartAsync(Receiver.Says(500));
        await using var webhooks = await Webhooks.StartAsync(Required);
        var endpoint = await webhooks.SubscribeAsync(first);

        var same = await webhooks.Api.PutEndpointAsync(endpoint.Id, new(first.Url, Description: "the same"), Cancellation);
        var other = await webhooks.Api.PutEndpointAsync(endpoint.Id, new(second.Url), Cancellation);
        await webhooks.Orders.PublishAsync();
        await webhooks.DeliveryIsAsync(endpoint.Id, "pending");

        Assert.False(same.Verification.IsAwaited);
        Assert.True(other.Verification is { IsAwaited: true, VerifiedAt: null });
        Assert.Single(first.All);
        Assert.Equal("endpoint.verification", Assert.Single(second.All).Json.GetProperty("type").GetString());
    }

    [Theory]
    [InlineData("echo", "is not the challenge")]
    [InlineData("page", "is not the challenge")]
    [InlineData("huge", "longer than 1024 bytes")]
    [InlineData("redirect", "HTTP 302")]
    [InlineData("drip", "No answer within 1 s.")]
    public async Task A_receiver_that_does_not_know_of_webhooks_is_not_verified(string kind, string error)
    {
        await using var receiver = await Receiver.StartAsync(async (received, context) =>
        {
            switch (kind)
            {
                case "echo":
                    await context.Response.Body.WriteAsync(received.Body, context.RequestAborted);
                    break;
                case "page":
                    await AnswerAsync(received, context, "<p>You sent {0}.</p>");
                    break;
                case "huge":
                    await AnswerAsync(received, context, "{0}" + new string(' ', 100_000));
                    break;
                case "redirect":
                    context.Response.Redirect("/elsewhere");
                    break;
                default:
                    await AnswerAsync(received, context, "{0}");
                    await context.Response.Body.FlushAsync(context.RequestAborted);
                    await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted)
                        .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                    break;
            }
        });
        await using var webhooks = await Webhooks.StartAsync([.. Webhooks.Impatient, Required]);

        var endpoint = await webhooks.SubscribeAsync(receiver);

        Assert.True(endpoint.Verification.IsAwaited);
        Assert.Contains(error, endpoint.Verification.Error, StringComparison.Ordinal);
        Assert.Single(receiver.All);
    }

    private static Task AnswerAsync(Received received, HttpContext context, string format) =>
        received.Json.GetProperty("data").TryGetProperty("challenge", out var challenge)
            ? context.Response.WriteAsync(
                string.Format(null, System.Text.CompositeFormat.Parse(format), challenge.GetString()), context.RequestAborted)
            : Task.CompletedTask;
}
