using FanOut.AnalyticsWorker;
using FanOut.AnalyticsWorker.Reporting;
using FanOut.AnalyticsWorker.Revenue;
using FanOut.Contracts;
using FanOut.EventBus;
using FanOut.ServiceDefaults;
using FanOut.ServiceDefaults.Access;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.AddRedisClient("redis");
builder.AddNpgsqlDataSource("fanout");
builder.Services.AddSchemaMigrations("access", typeof(Scopes).Assembly, isShared: true);
builder.Services.AddSchemaMigrations("analytics", typeof(Program).Assembly);
builder.AddEventBus()
    .AddEvent(OrderPlaced.EventType, ContractsJson.Default.OrderPlaced)
    .AddStream(EventStreams.Orders, stream => stream
        .AddConsumerGroup(AnalyticsService.Group, group => group.SubscribeBatch<OrderPlaced, RevenueHandler>()));
builder.AddReports();

var app = builder.Build();
app.MapReports();
app.MapApiDocument();
app.MapDefaultEndpoints();
app.Run();
