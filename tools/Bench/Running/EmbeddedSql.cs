namespace FanOut.Bench.Running;

internal static class EmbeddedSql
{
    /// <param name="name">The path from the project's folder, with dots: <c>Consume.insert_effects.sql</c>.</param>
    public static string Read(string name)
    {
        var assembly = typeof(EmbeddedSql).Assembly;
        using var stream = assembly.GetManifestResourceStream($"FanOut.Bench.{name}")
            ?? throw new InvalidOperationException($"The embedded file '{name}' is missing from {assembly.GetName().Name}.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
