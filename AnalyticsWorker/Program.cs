using FanOut.AnalyticsWorker;
using FanOut.AnalyticsWorker.Reporting;
using FanOut.AnalyticsWorker.Revenue;
using FanOut.Contracts;
using FanOut.EventBus;
using FanOut.EventBus.Consuming;
using FanOut.EventBus.Migrations;
using FanOut.ServiceDefaults;
using FanOut.ServiceDefaults.Clients;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.AddRedisClient("redis");
builder.AddNpgsqlDataSource("fanout", PooledSession.KeepState);
builder.Services.AddSchemaMigrations("analytics", typeof(Program).Assembly);
builder.AddEventBus()
    .AddEvent(OrderPlaced.EventType, ContractsJson.Default.OrderPlaced)
    .AddConsumerGroup("analytics-pipeline")
    .SubscribeBatch<OrderPlaced, RevenueHandler>();
builder.AddReports();

var app = builder.Build();
app.MapReports();
app.MapApiDocument();
app.MapDefaultEndpoints();
app.Run();
