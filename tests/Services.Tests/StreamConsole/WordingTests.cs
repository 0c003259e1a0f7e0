using FanOut.Contracts.Operations;
using FanOut.Contracts.Webhooks;
using FanOut.StreamConsole.Parts;
using Xunit;

namespace FanOut.Services.Tests.StreamConsole;

/// <summary>What the console says about what the services answer.</summary>
public sealed class WordingTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 31, 9, 30, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(200, 1, "done")]
    [InlineData(202, 1, "done")]
    [InlineData(403, 1, "refused")]
    [InlineData(409, 1, "refused")]
    [InlineData(500, 1, "failed")]
    [InlineData(503, 1, "failed")]
    [InlineData(null, 1, "running")]
    [InlineData(null, 90, "unknown")]
    public void An_action_ends_in_a_word(int? status, int seconds, string word) =>
        Assert.Equal(word, ActionResults.Of(status, TimeSpan.FromSeconds(seconds)).Word);

    [Fact]
    public void A_disabled_endpoint_says_so_also_while_it_fails_or_awaits_its_verification()
    {
        var endpoint = Endpoint(failures: 3) with { Verification = new(true, null, "No answer.") };
        Assert.Equal(new("unverified", "warn", "No answer."), EndpointState.Of(endpoint));
        Assert.Equal(
            new("disabled", "off", "by request"), EndpointState.Of(endpoint with { Enabled = false, DisabledBecause = "by request" }));
    }

    [Theory]
    [InlineData(1, "1 attempt failed in a row. 503")]
    [InlineData(1_200, "1,200 attempts failed in a row. 503")]
    public void A_failing_endpoint_says_how_often_and_why(int failures, string reason) =>
        Assert.Equal(new("failing", "bad", reason), EndpointState.Of(Endpoint(failures)));

    [Theory]
    [InlineData(90_000, 0, "due")]
    [InlineData(70_000, 90, "plan")]
    [InlineData(70_000, 91, "stay")]
    [InlineData(70_000, null, "stay")]
    [InlineData(null, null, "stay")]
    public void The_verdict_follows_the_limit_then_the_trend(int? rate, int? daysLeft, string word) =>
        Assert.Equal(word, KafkaVerdict.Of(Trigger(rate, daysLeft)).Word);

    [Fact]
    public void A_verdict_names_what_is_over_or_not_measured()
    {
        Assert.Contains("events a second", KafkaVerdict.Of(Trigger(90_000, 0)).Next, StringComparison.Ordinal);
        Assert.Contains("events a second", KafkaVerdict.Of(Trigger(null, null)).Next, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0.4, "less than a day")]
    [InlineData(1.9, "1 day")]
    [InlineData(89.9, "89 days")]
    [InlineData(90, "2 months")]
    [InlineData(729, "23 months")]
    [InlineData(731, "2 years")]
    [InlineData(5_000, "more than 5 years")]
    public void Days_are_rounded_down(double days, string text) => Assert.Equal(text, Format.Days(days));

    private static KafkaTriggerStatus Trigger(double? rate, double? daysLeft) => new(
        rate > 80_000, Now, "", [new("rate", "events/s", rate, 80_000, null, null, rate > 80_000, null, daysLeft)]);

    private static WebhookEndpoint Endpoint(int failures) => new(
        Guid.Empty, "https://example.com", [], true, null, "", Now, Now, new("failing", failures, Now, null, Now, "503"), new(false, null, null));
}
