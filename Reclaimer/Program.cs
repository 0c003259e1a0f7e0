using FanOut.Contracts;
using FanOut.EventBus;
using FanOut.Reclaimer;
using FanOut.ServiceDefaults;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.AddRedisClient("redis");
builder.AddNpgsqlDataSource("fanout");
builder.AddEventBus()
    .AddStream(EventStreams.Orders, stream => stream.AddReclaimer().AddDeadLetters());
builder.AddOperations();

var app = builder.Build();
app.MapOperations();
app.MapApiDocument();
app.MapDefaultEndpoints();
app.Run();
