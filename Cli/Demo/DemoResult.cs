using System.Text.Json.Serialization;

namespace FanOut.Cli.Demo;

internal sealed record DemoResult(int Orders, int Placed, int Refused, double PlacingSeconds, double Seconds, IReadOnlyList<GroupResult> Groups)
{
    public bool IsExact => Refused == 0 && Placed == Orders && Groups.All(group => group.IsExact);
}

internal sealed record GroupResult(
    string Group, long Events, long Effects, long DuplicatesPrevented, long DeadLetters, double? P50Ms, double? P99Ms, long Missing, long Over)
{
    public bool IsExact => Missing == 0 && Over == 0;
}

/// <summary>One line of a file of orders.</summary>
internal sealed record FileOrder(
    string Number, FileCustomer Customer, string Currency, DateOnly OrderedOn, IReadOnlyList<FanOut.Contracts.PlaceOrderLine> Lines);

internal sealed record FileCustomer(string Id, string Name);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(DemoResult))]
[JsonSerializable(typeof(FileOrder))]
internal sealed partial class DemoJson : JsonSerializerContext;
