using FanOut.Contracts;
using FanOut.EventBus;
using FanOut.NotificationWorker;
using FanOut.NotificationWorker.Emails;
using FanOut.NotificationWorker.Reading;
using FanOut.ServiceDefaults;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.AddRedisClient("redis");
builder.AddNpgsqlDataSource("fanout");
builder.Services.AddNotifications();
builder.AddEventBus()
    .AddEvent(OrderPlaced.EventType, ContractsJson.Default.OrderPlaced)
    .AddStream(EventStreams.Orders, stream => stream
        .AddConsumerGroup("notification-sender", group => group.SubscribeBatch<OrderPlaced, OrderPlacedHandler>()));

var app = builder.Build();
app.MapDefaultEndpoints();
app.MapNotifications();
app.MapApiDocument();
app.Run();
