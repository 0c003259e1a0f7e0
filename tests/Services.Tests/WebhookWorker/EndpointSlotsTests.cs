using FanOut.WebhookWorker.Dispatching;
using Xunit;

namespace FanOut.Services.Tests.WebhookWorker;

public sealed class EndpointSlotsTests
{
    [Fact]
    public void Quick_successes_add_slots_up_to_the_limit_and_other_ends_halve_them()
    {
        var slots = new EndpointSlots(most: 8);
        var endpoint = Guid.NewGuid();

        Assert.Equal([2, 3, 4, 5, 6, 7, 8, 8], After(endpoint, slots, Enumerable.Repeat(true, 8)));
        Assert.Equal([4, 2, 3, 1], After(endpoint, slots, [false, false, true, false]));
    }

    [Fact]
    public void An_endpoint_s_slots_do_not_depend_on_others()
    {
        var slots = new EndpointSlots(most: 8);
        Guid[] endpoints = [Guid.NewGuid(), Guid.NewGuid()];
        slots.Take(endpoints[0]);

        Assert.Equal([2, 3], After(endpoints[1], slots, [true, true]));
        Assert.Equal([new(endpoints[0], Taken: 1, All: 1), new(endpoints[1], Taken: 0, All: 3)], slots.All());
    }

    private static List<int> After(Guid endpoint, EndpointSlots slots, IEnumerable<bool> ends)
    {
        var all = new List<int>();
        foreach (var isQuickSuccess in ends)
        {
            slots.Take(endpoint);
            slots.Return(endpoint, isQuickSuccess);
            all.Add(slots.All().Where(one => one.Endpoint == endpoint).Select(one => one.All).DefaultIfEmpty(1).Single());
        }

        return all;
    }
}
