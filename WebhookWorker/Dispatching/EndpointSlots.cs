namespace FanOut.WebhookWorker.Dispatching;

/// <summary>
/// How many attempts at once this process makes to each endpoint: one at first, one more with each quick success, half as many after a slow or failed
/// attempt. No endpoint uses the slots of another, so a slow receiver delays only itself.
/// </summary>
internal sealed class EndpointSlots(int most)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<Guid, Slots> _endpoints = [];

    public void Take(Guid endpoint)
    {
        lock (_lock)
        {
            var slots = _endpoints.GetValueOrDefault(endpoint, new(endpoint, Taken: 0, All: 1));
            _endpoints[endpoint] = slots with { Taken = slots.Taken + 1 };
        }
    }

    /// <param name="endpoint">The endpoint whose attempt has ended.</param>
    /// <param name="isQuickSuccess">Whether it succeeded, and quickly.</param>
    public void Return(Guid endpoint, bool isQuickSuccess)
    {
        lock (_lock)
        {
            var slots = _endpoints[endpoint];
            slots = slots with { Taken = slots.Taken - 1, All = isQuickSuccess ? Math.Min(slots.All + 1, most) : Math.Max(slots.All / 2, 1) };
            if (slots is { Taken: 0, All: 1 })
            {
                _endpoints.Remove(endpoint);
            }
            else
            {
                _endpoints[endpoint] = slots;
            }
        }
    }

    /// <returns>The endpoints that have not just one free slot.</returns>
    public Slots[] All()
    {
        lock (_lock)
        {
            return [.. _endpoints.Values];
        }
    }

    internal readonly record struct Slots(Guid Endpoint, int Taken, int All);
}
