using System.ComponentModel.DataAnnotations;

namespace FanOut.EventBus.Tests.Review;

public sealed class LeaseTests
{
    [Fact]
    public void A_lease_that_ends_between_two_polls_of_an_idle_leader_is_refused()
    {
        var options = new OutboxOptions { LeaseTimeout = TimeSpan.FromMilliseconds(200), PollInterval = TimeSpan.FromSeconds(2) };
        Assert.NotEmpty(options.Validate(new ValidationContext(options)));
    }
}
