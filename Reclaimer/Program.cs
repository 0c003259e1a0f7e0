using FanOut.EventBus;
using FanOut.EventBus.Reclaiming;
using FanOut.Reclaimer;
using FanOut.ServiceDefaults;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.AddRedisClient("redis");
builder.AddNpgsqlDataSource("fanout");
builder.AddEventBus().AddReclaimer();
builder.AddOperations();

var app = builder.Build();
app.MapOperations();
app.MapApiDocument();
app.MapDefaultEndpoints();
app.Run();
