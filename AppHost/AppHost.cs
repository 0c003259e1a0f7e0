using FanOut.AppHost;
using Microsoft.Extensions.Configuration;

Engine.Announce();

var builder = DistributedApplication.CreateBuilder(args);

var redis = builder.AddRedis("redis")
    .WithoutHttpsCertificate()
    .WithDataVolume(builder.Configuration["Volumes:redis"])
    .WithDurableStreams();

var fanout = builder.AddPostgres("postgres")
    .WithDataVolume(builder.Configuration["Volumes:postgres"])
    .AddDatabase("fanout");

Service<Projects.OrderApi>("order-api", port: 5080)
    .WithExternalHttpEndpoints()
    .WithUrlForEndpoint("http", url => url.DisplayText = "Order API");

Service<Projects.WebhookWorker>("webhook-worker");
Service<Projects.AnalyticsWorker>("analytics-worker");
Service<Projects.NotificationWorker>("notification-worker");
Service<Projects.Reclaimer>("reclaimer");

builder.Build().Run();

IResourceBuilder<ProjectResource> Service<TProject>(string name, int? port = null)
    where TProject : IProjectMetadata, new() =>
    builder.AddProject<TProject>(name)
        .WithHttpEndpoint(port: builder.Configuration.GetValue($"Ports:{name}", port))
        .WithHttpHealthCheck("/health")
        .WithReference(redis).WaitFor(redis)
        .WithReference(fanout).WaitFor(fanout)
        .WithReplicas(builder.Configuration.GetValue($"Replicas:{name}", 1));
