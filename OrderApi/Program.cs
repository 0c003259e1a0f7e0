using FanOut.Contracts;
using FanOut.EventBus;
using FanOut.OrderApi;
using FanOut.OrderApi.Availability;
using FanOut.ServiceDefaults;
using FanOut.ServiceDefaults.Access;
using Microsoft.Extensions.Diagnostics.HealthChecks;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.AddRedisClient("redis", failureStatus: HealthStatus.Degraded); // The outbox holds orders while Redis is away.
builder.AddNpgsqlDataSource("fanout", configureDataSourceBuilder: OrderDatabase.Configure);
builder.AddEventBus()
    .AddEvent(OrderPlaced.EventType, ContractsJson.Default.OrderPlaced)
    .AddStream(EventStreams.Orders, stream => stream.AddOutbox());
builder.Services.AddSchemaMigrations("access", typeof(Scopes).Assembly, isShared: true);
builder.Services.AddSchemaMigrations("orders", typeof(Program).Assembly);
builder.AddOrders();

var app = builder.Build();
app.MapDefaultEndpoints(); // Before the limiter: bodies are read before a request takes a permit.
app.MapOrders();
app.MapApiDocument();
app.Run();
