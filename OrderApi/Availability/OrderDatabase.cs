using FanOut.ServiceDefaults.Clients;
using Npgsql;

namespace FanOut.OrderApi.Availability;

internal static class OrderDatabase
{
    /// <summary>What the connection string leaves open: statements are prepared once, a batch is sent in few pieces, and a client hears of a database that is away in seconds.</summary>
    public static void Configure(NpgsqlDataSourceBuilder database)
    {
        var settings = database.ConnectionStringBuilder;
        SetUnlessGiven("Max Auto Prepare", 32);
        SetUnlessGiven("Auto Prepare Min Usages", 2);
        SetUnlessGiven("Timeout", 5);
        SetUnlessGiven("Command Timeout", 10);

        // A batch of orders is some 100 KB: with the usual 8 KB that is a dozen system calls.
        SetUnlessGiven("Write Buffer Size", 64 << 10);

        // More sessions than this only take turns on the same cores; requests rather wait here than there.
        SetUnlessGiven("Maximum Pool Size", 32);

        PooledSession.KeepState(database);

        void SetUnlessGiven(string keyword, object value)
        {
            if (!settings.ShouldSerialize(keyword))
            {
                settings[keyword] = value;
            }
        }
    }
}
