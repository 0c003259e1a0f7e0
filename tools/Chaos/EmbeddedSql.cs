namespace FanOut.Chaos;

internal static class EmbeddedSql
{
    /// <param name="name">The path from the project's folder, with dots: <c>Verifying.find_effects.sql</c>.</param>
    public static string Read(string name)
    {
        var assembly = typeof(EmbeddedSql).Assembly;
        using var stream = assembly.GetManifestResourceStream($"FanOut.Chaos.{name}")
            ?? throw new InvalidOperationException($"The embedded file '{name}' is missing from {assembly.GetName().Name}.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
