using FanOut.Contracts;
using FanOut.EventBus;
using FanOut.Reclaimer;
using FanOut.ServiceDefaults;
using FanOut.ServiceDefaults.Access;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.AddRedisClient("redis");
builder.AddNpgsqlDataSource("fanout");
builder.Services.AddSchemaMigrations("access", typeof(Scopes).Assembly, isShared: true);
builder.AddEventBus()
    .AddStream(EventStreams.Orders, stream => stream.AddReclaimer().AddDeadLetters().AddGroupAdministration());
builder.AddOperations();

var app = builder.Build();
app.MapOperations();
app.MapApiDocument();
app.MapDefaultEndpoints();
app.Run();
