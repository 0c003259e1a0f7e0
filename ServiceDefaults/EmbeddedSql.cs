using System.Text.RegularExpressions;

namespace FanOut.ServiceDefaults;

public static partial class EmbeddedSql
{
    /// <summary>Reads an embedded script from the folder of <paramref name="user"/>.</summary>
    public static string Read(Type user, string name)
    {
        ArgumentNullException.ThrowIfNull(user);
        using var stream = user.Assembly.GetManifestResourceStream(user, name)
            ?? throw new InvalidOperationException($"The embedded file '{name}' is missing beside {user.FullName}.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    /// <summary>
    /// The script without the lines of filters that are not given; such a line ends with <c>-- if name</c>. A filter that may be null
    /// (<c>$1 is null or a = $1</c>) would keep Postgres from using its index in a prepared statement.
    /// </summary>
    public static string Filtered(string sql, params IEnumerable<(string Name, bool IsGiven)> filters)
    {
        var given = filters.Where(filter => filter.IsGiven).Select(filter => filter.Name).ToHashSet(StringComparer.Ordinal);
        return Filter().Replace(sql, line => given.Contains(line.Groups["name"].Value) ? line.Value : "");
    }

    [GeneratedRegex(@"^.*-- if (?<name>\w+)\r?\n", RegexOptions.Multiline)]
    private static partial Regex Filter();
}
