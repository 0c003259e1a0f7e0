using System.Text.Json;
using FanOut.Bench.Running;
using FanOut.EventBus.Wire;
using StackExchange.Redis;

namespace FanOut.Bench.Consume;

internal static class BenchEvents
{
    /// <summary>The data of an entry, as rivals read it.</summary>
    public static BenchOrder Read(StreamEntry entry) =>
        JsonSerializer.Deserialize(((ReadOnlyMemory<byte>)entry[EventFields.Data]).Span, BenchJson.Default.BenchOrder)!;
}
