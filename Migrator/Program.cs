using FanOut.Migrator;
using FanOut.ServiceDefaults.Access;

// Brings all schemas of the database up to date, gives each service's role what it needs, and ends.
var builder = Host.CreateApplicationBuilder(args);
builder.AddServiceDefaults();
builder.AddMigrator();

using var host = builder.Build();
try
{
    await host.StartAsync();
    await host.Services.AddDevelopmentKeyAsync();
    await host.StopAsync();
    return 0;
}
catch (InvalidOperationException)
{
    // The host has logged what is wrong and how to fix it.
    return 1;
}
