using Microsoft.Extensions.Configuration;
using Npgsql;
using StackExchange.Redis;

namespace FanOut.ServiceDefaults.Clients;

/// <summary>
/// Finds a connection string as Aspire's client integrations do. The exceptions name the key and the rule, and repeat nothing of the string: what is
/// wrong in it may be a part of a password.
/// </summary>
internal static class ConnectionStringKey
{
    public static string Require(IConfiguration configuration, string section, string connectionName)
    {
        var value = configuration.GetConnectionString(connectionName)
            ?? configuration[$"{section}:{connectionName}:ConnectionString"]
            ?? configuration[$"{section}:ConnectionString"];
        return string.IsNullOrWhiteSpace(value)
            ? throw new InvalidOperationException(
                $"No connection string: set 'ConnectionStrings:{connectionName}' (environment variable ConnectionStrings__{connectionName}) "
                + $"or '{section}:ConnectionString'.")
            : value;
    }

    /// <exception cref="InvalidOperationException">It is not a connection string of Npgsql.</exception>
    public static void CheckPostgres(string connectionName, string value)
    {
        if (!IsAccepted(() => _ = new NpgsqlConnectionStringBuilder(value)))
        {
            throw Malformed(
                connectionName,
                "Its form is Host=...;Username=...;Password=...;Database=..., with the keywords of Npgsql, and it is no URL. A value with a "
                + "semicolon, a quote, or a space at an end stands in double quotes, in which a double quote is written "
                + "twice: Password=\"a;b\"\"c\".");
        }
    }

    /// <exception cref="InvalidOperationException">It is not a connection string of StackExchange.Redis.</exception>
    public static void CheckRedis(string connectionName, string value)
    {
        var parts = value.Split(',');
        var endpoints = parts.TakeWhile(part => !part.Contains('=', StringComparison.Ordinal)).Count();

        // The client takes a part without '=' for an address, also where it is the rest of a password with a comma.
        var isWrong = endpoints == 0
            || parts.Take(endpoints).Any(part => part.Contains('@', StringComparison.Ordinal) || part.Contains("://", StringComparison.Ordinal))
            || parts.Skip(endpoints).Any(part => !part.Contains('=', StringComparison.Ordinal) || !IsAccepted(() => ConfigurationOptions.Parse(part)))
            || parts.Any(part => IsPassword(part) && part.Split('=', 2)[1] is var password && password != password.Trim());
        if (isWrong)
        {
            throw Malformed(
                connectionName,
                "Its form is host:port[,host:port...][,name=value...], with the options of StackExchange.Redis, and it is no URL. A comma separates "
                + "options: leave a password with a comma, or a space at an end, out of it and set "
                + "'Aspire:StackExchange:Redis:ConfigurationOptions:Password'.");
        }
    }

    private static bool IsPassword(string part) => part.TrimStart().StartsWith("password=", StringComparison.OrdinalIgnoreCase);

    private static InvalidOperationException Malformed(string connectionName, string rule) =>
        new($"The connection string 'ConnectionStrings:{connectionName}' is malformed. {rule}");

    private static bool IsAccepted(Action parse)
    {
        try
        {
            parse();
            return true;
        }
        catch (Exception e) when (e is ArgumentException or FormatException or OverflowException or KeyNotFoundException)
        {
            return false;
        }
    }
}
