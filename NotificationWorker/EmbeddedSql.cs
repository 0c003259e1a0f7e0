using System.Reflection;

namespace FanOut.NotificationWorker;

internal static class EmbeddedSql
{
    /// <param name="name">The path from the project's folder, with dots, without <c>.sql</c>.</param>
    public static string Read(string name)
    {
        var assembly = Assembly.GetExecutingAssembly();
        using var stream = assembly.GetManifestResourceStream($"{typeof(EmbeddedSql).Namespace}.{name}.sql")
            ?? throw new InvalidOperationException($"The embedded file '{name}.sql' is missing from {assembly.GetName().Name}.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
