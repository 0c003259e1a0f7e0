using FanOut.Contracts;
using FanOut.EventBus;
using FanOut.ServiceDefaults;
using FanOut.WebhookWorker;
using FanOut.WebhookWorker.Deliveries;
using FanOut.WebhookWorker.Endpoints;
using FanOut.WebhookWorker.Operations;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.AddRedisClient("redis");
builder.AddNpgsqlDataSource("fanout");
builder.AddSecretProtection();
builder.Services.AddWebhooks();
builder.AddEventBus()
    .AddEvent(OrderPlaced.EventType, ContractsJson.Default.OrderPlaced)
    .AddStream(EventStreams.Orders, stream => stream
        .AddConsumerGroup("webhook-delivery", group => group.SubscribeBatch<OrderPlaced, OrderPlacedHandler>()));

var app = builder.Build();
app.MapDefaultEndpoints();
app.MapEndpoints();
app.MapDeliveries();
app.MapOperations();
app.MapApiDocument();
app.Run();
