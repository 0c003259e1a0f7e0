using System.Reflection;

namespace FanOut.EventBus;

/// <summary>The SQL and Lua that stand in files of their own beside the code that runs them.</summary>
internal static class EmbeddedText
{
    /// <param name="name">The path from the project's folder, with dots: <c>Inbox.insert_ranges.sql</c>.</param>
    public static string Read(string name)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream($"{typeof(EmbeddedText).Namespace}.{name}")
            ?? throw new InvalidOperationException(
                $"The embedded file '{name}' is missing from {Assembly.GetExecutingAssembly().GetName().Name}.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
