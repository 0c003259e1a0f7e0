using FanOut.Contracts;
using FanOut.EventBus;
using FanOut.EventBus.Migrations;
using FanOut.OrderApi;
using FanOut.OrderApi.Availability;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Scalar.AspNetCore;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.AddRedisClient("redis", failureStatus: HealthStatus.Degraded); // The outbox holds orders while Redis is away.
builder.AddNpgsqlDataSource("fanout", configureDataSourceBuilder: OrderDatabase.Configure);
builder.AddEventBus()
    .AddEvent(OrderPlaced.EventType, ContractsJson.Default.OrderPlaced)
    .AddOutbox();
builder.Services.AddSchemaMigrations("orders", typeof(Program).Assembly);
builder.AddOrders();

var app = builder.Build();
app.MapOrders();
app.MapOpenApi();
app.MapScalarApiReference();
app.MapGet("/", () => TypedResults.LocalRedirect("~/scalar")).ExcludeFromDescription();
app.MapDefaultEndpoints();
app.Run();
