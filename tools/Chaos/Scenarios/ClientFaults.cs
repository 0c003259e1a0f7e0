using FanOut.Chaos.Load;

namespace FanOut.Chaos.Scenarios;

/// <summary>Clients that repeat requests.</summary>
internal static class ClientFaults
{
    private const int Clients = 50;

    public static IReadOnlyList<Scenario> All { get; } =
    [
        new("same-key", "50 clients send an order under the same Idempotency-Key at once, 20 times: 20 orders", Part.None, SameKeyAsync),
    ];

    private static async Task SameKeyAsync(Fault fault, CancellationToken cancellationToken)
    {
        var keys = fault.IsQuick ? 5 : 20;
        for (var number = 0; number < keys; number++)
        {
            var key = $"{fault.Run}-same-{number:000}";
            var order = OrderLoad.NewOrder(key, number);
            await Task.WhenAll(Enumerable.Range(0, Clients).Select(_ => fault.Client.PlaceAsync(key, order, cancellationToken)));
        }

        fault.Say($"{Clients} clients sent {keys} keys, all at once");
    }
}
