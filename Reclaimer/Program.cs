using FanOut.EventBus;
using FanOut.EventBus.Reclaiming;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.AddRedisClient("redis");
builder.AddNpgsqlDataSource("fanout");
builder.AddEventBus().AddReclaimer();

var app = builder.Build();
app.MapDefaultEndpoints();
app.Run();
