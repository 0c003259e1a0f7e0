using Npgsql;

namespace FanOut.OrderApi.Availability;

internal static class OrderDatabase
{
    /// <summary>Defaults for what the connection string does not set.</summary>
    public static void Configure(NpgsqlDataSourceBuilder database)
    {
        var settings = database.ConnectionStringBuilder;
        SetUnlessGiven("Timeout", 5);
        SetUnlessGiven("Command Timeout", 10);

        // A batch of orders has about 100 KB: with the default of 8 KB it takes a dozen system calls.
        SetUnlessGiven("Write Buffer Size", 64 << 10);

        // More sessions only compete for the same cores: requests wait here instead.
        SetUnlessGiven("Maximum Pool Size", 32);

        void SetUnlessGiven(string keyword, object value)
        {
            if (!settings.ShouldSerialize(keyword))
            {
                settings[keyword] = value;
            }
        }
    }
}
