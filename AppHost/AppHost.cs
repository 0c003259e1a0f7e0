using FanOut.AppHost;
using Microsoft.Extensions.Configuration;

Engine.Announce();

var builder = DistributedApplication.CreateBuilder(args);
builder.AddPublishTarget();

var redis = builder.AddRedis("redis", password: builder.AddGeneratedSecret("redis-password"))
    .WithoutHttpsCertificate()
    .WithDataVolume(builder.Configuration["Volumes:redis"] ?? "fanout-redis")
    .WithDurableStreams();

var fanout = builder.AddPostgres("postgres", password: builder.AddGeneratedSecret("postgres-password"))
    .WithDataVolume(builder.Configuration["Volumes:postgres"] ?? "fanout-postgres")
    .AddDatabase("fanout");

Service<Projects.OrderApi>("order-api", port: 5080)
    .WithExternalHttpEndpoints()
    .WithUrlForEndpoint("http", url => url.DisplayText = "Order API")
    .WithUrlForEndpoint("http", endpoint => new() { Url = "/scalar", DisplayText = "Try it" })
    .WithDemoOrdersCommand(count: 100);

Service<Projects.WebhookWorker>("webhook-worker")
    .WithEnvironment("Webhooks__AllowPrivateNetworks", builder.ExecutionContext.IsRunMode ? "true" : "false");

Service<Projects.AnalyticsWorker>("analytics-worker");
Service<Projects.NotificationWorker>("notification-worker").WithMailFolder();
Service<Projects.Reclaimer>("reclaimer");

builder.Build().Run();

IResourceBuilder<ProjectResource> Service<TProject>(string name, int? port = null)
    where TProject : IProjectMetadata, new() =>
    builder.AddProject<TProject>(name)
        .WithHttpEndpoint(port: builder.ExecutionContext.IsRunMode ? builder.Configuration.GetValue($"Ports:{name}", port) : null)
        .WithHttpHealthCheck("/health")
        .WithReference(redis).WaitFor(redis)
        .WithReference(fanout).WaitFor(fanout)
        .WithReplicas(builder.Configuration.GetValue($"Replicas:{name}", 1));
