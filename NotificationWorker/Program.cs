using FanOut.Contracts;
using FanOut.EventBus;
using FanOut.EventBus.Consuming;
using FanOut.NotificationWorker;
using FanOut.NotificationWorker.Emails;
using FanOut.NotificationWorker.Reading;
using FanOut.ServiceDefaults;
using FanOut.ServiceDefaults.Clients;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.AddRedisClient("redis");
builder.AddNpgsqlDataSource("fanout", PooledSession.KeepState);
builder.Services.AddNotifications();
builder.AddEventBus()
    .AddEvent(OrderPlaced.EventType, ContractsJson.Default.OrderPlaced)
    .AddConsumerGroup("notification-sender")
    .SubscribeBatch<OrderPlaced, OrderPlacedHandler>();

var app = builder.Build();
app.MapDefaultEndpoints();
app.MapNotifications();
app.MapApiDocument();
app.Run();
