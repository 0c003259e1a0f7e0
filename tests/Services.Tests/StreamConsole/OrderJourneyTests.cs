using FanOut.Contracts;
using FanOut.StreamConsole.Clients;
using Xunit;

namespace FanOut.Services.Tests.StreamConsole;

public sealed class OrderJourneyTests
{
    private const string Group = "webhook-delivery";
    private static readonly DateTimeOffset Now = new(2026, 1, 31, 9, 30, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("unread")]
    [InlineData("pending")]
    [InlineData("done")]
    public void A_group_that_finished_while_the_services_were_asked_has_one_step(string stateBefore)
    {
        var journey = OrderJourney.Of([new JourneyStep("group", Group, stateBefore, null), new JourneyStep("group", Group, "done", Now)], []);

        Assert.Equal(("done", Now), Assert.Single(journey.Steps.Select(step => (step.State, step.At))));
        Assert.True(journey.IsOver);
    }

    [Theory]
    [InlineData("waiting")]
    [InlineData("dead")]
    public void What_has_failed_is_shown_beside_another_event_of_the_order(string state)
    {
        var journey = OrderJourney.Of([new JourneyStep("group", Group, state, null), new JourneyStep("group", Group, "done", Now)], []);

        Assert.Equal(["done", state], journey.Steps.Select(step => step.State));
    }
}
