using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Spectre.Console;

namespace FanOut.Cli;

internal static class Output
{
    /// <summary>Escapes a stored text for a table: it may be anything, also commands to the terminal.</summary>
    public static string Text(string? text) =>
        Markup.Escape(string.Concat((text ?? "").Select(letter => char.IsControl(letter) && letter != '\n' ? '\uFFFD' : letter)));

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
