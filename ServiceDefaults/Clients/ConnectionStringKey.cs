using Microsoft.Extensions.Configuration;

namespace FanOut.ServiceDefaults.Clients;

/// <summary>Finds a connection string as Aspire's client integrations do; the exceptions name the key and the fix.</summary>
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

    public static void Check(string connectionName, Action parse)
    {
        try
        {
            parse();
        }
        catch (Exception e) when (e is ArgumentException or FormatException or OverflowException)
        {
            throw new InvalidOperationException($"The connection string 'ConnectionStrings:{connectionName}' is malformed: {e.Message}", e);
        }
    }
}
