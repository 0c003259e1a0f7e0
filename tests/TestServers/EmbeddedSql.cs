using System.Reflection;

namespace FanOut.TestServers;

/// <summary>The SQL files that are embedded in the calling program.</summary>
internal static class EmbeddedSql
{
    /// <param name="name">The path from the project's folder, with dots: <c>Consume.insert_effects.sql</c>.</param>
    public static string Read(string name)
    {
        var assembly = Assembly.GetCallingAssembly();
        using var stream = assembly.GetManifestResourceStream($"{assembly.GetName().Name}.{name}")
            ?? throw new InvalidOperationException($"The embedded file '{name}' is missing from {assembly.GetName().Name}.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
