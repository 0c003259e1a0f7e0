using FanOut.Migrator;
using Microsoft.Extensions.Options;
using Npgsql;

// Brings all schemas of the database up to date, gives each service's role what it needs, and ends.
var builder = Host.CreateApplicationBuilder(args);
builder.AddServiceDefaults();
builder.AddMigrator();

using var host = builder.Build();
try
{
    await host.StartAsync();
    await host.StopAsync();
    return 0;
}
catch (Exception e) when (e is InvalidOperationException or OptionsValidationException or NpgsqlException)
{
    // The host has logged what is wrong and how to fix it.
    return 1;
}
