namespace FanOut.ServiceDefaults;

public static class EmbeddedSql
{
    /// <summary>Reads a script that stands beside the code that runs it.</summary>
    /// <param name="user">A type of the folder that the script is in.</param>
    /// <param name="name">The file, like <c>insert_order.sql</c>.</param>
    public static string Read(Type user, string name)
    {
        ArgumentNullException.ThrowIfNull(user);
        using var stream = user.Assembly.GetManifestResourceStream(user, name)
            ?? throw new InvalidOperationException($"The embedded file '{name}' is missing beside {user.FullName}.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
