using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace FanOut.Cli;

internal static class Output
{
    /// <summary>Writes a result as JSON, or shows it to a person.</summary>
    public static void Write<T>(bool asJson, T result, JsonTypeInfo<T> type, Action<T> show)
    {
        if (asJson)
        {
            Console.Out.WriteLine(JsonSerializer.Serialize(result, type));
        }
        else
        {
            show(result);
        }
    }
}
