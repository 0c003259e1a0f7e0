using FanOut.Contracts;
using FanOut.EventBus;
using FanOut.EventBus.Consuming;
using FanOut.ServiceDefaults;
using FanOut.ServiceDefaults.Clients;
using FanOut.WebhookWorker;
using FanOut.WebhookWorker.Deliveries;
using FanOut.WebhookWorker.Endpoints;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.AddRedisClient("redis");
builder.AddNpgsqlDataSource("fanout", PooledSession.KeepState);
builder.Services.AddWebhooks();
builder.AddEventBus()
    .AddEvent(OrderPlaced.EventType, ContractsJson.Default.OrderPlaced)
    .AddConsumerGroup("webhook-delivery")
    .SubscribeBatch<OrderPlaced, OrderPlacedHandler>();

var app = builder.Build();
app.MapDefaultEndpoints();
app.MapEndpoints();
app.MapDeliveries();
app.MapApiDocument();
app.Run();
