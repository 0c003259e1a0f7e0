using FanOut.EventBus;
using FanOut.EventBus.Reclaiming;
using FanOut.Reclaimer;
using Scalar.AspNetCore;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.AddRedisClient("redis");
builder.AddNpgsqlDataSource("fanout");
builder.AddEventBus().AddReclaimer();
builder.AddOperations();

var app = builder.Build();
app.MapOperations();
app.MapOpenApi();
app.MapScalarApiReference();
app.MapGet("/", () => TypedResults.LocalRedirect("~/scalar")).ExcludeFromDescription();
app.MapDefaultEndpoints();
app.Run();
