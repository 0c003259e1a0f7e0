using System.Reflection;
using FanOut.EventBus;
using FanOut.ServiceDefaults.Access;

// Brings all schemas of the database up to date, and ends.
var builder = Host.CreateApplicationBuilder(args);
builder.AddServiceDefaults();
builder.AddNpgsqlDataSource("fanout");
foreach (var (schema, assembly) in new[]
{
    ("bus", "FanOut.EventBus"),
    ("access", "FanOut.ServiceDefaults"),
    ("orders", "FanOut.OrderApi"),
    ("webhooks", "FanOut.WebhookWorker"),
    ("analytics", "FanOut.AnalyticsWorker"),
    ("notifications", "FanOut.NotificationWorker"),
})
{
    builder.Services.AddSchemaMigrations(schema, Assembly.Load(assembly));
}

using var host = builder.Build();
await host.StartAsync();
await host.Services.AddDevelopmentKeyAsync();
await host.StopAsync();
