using FanOut.AppHost;
using FanOut.AppHost.Servers;
using Microsoft.Extensions.Configuration;

var builder = DistributedApplication.CreateBuilder(args);
var servers = builder.AddServers();

var migrator = builder.AddProject<Projects.Migrator>("migrator")
    .WithIconName("DatabaseArrowUp")
    .RunAsBuiltProgram()
    .WithRoles(servers)
    .WithDevelopmentKey();

Service<Projects.OrderApi>("order-api", "Cart", port: 5080)
    .WithExternalHttpEndpoints()
    .WithUrlForEndpoint("http", url => url.DisplayText = "Order API")
    .WithUrlForEndpoint("http", _ => new() { Url = "/scalar", DisplayText = "Try it" })
    .WithDemoOrdersCommand(count: 100);

Service<Projects.WebhookWorker>("webhook-worker", "Send")
    .WithEnvironment("Webhooks__AllowPrivateNetworks", builder.ExecutionContext.IsRunMode ? "true" : "false")
    .WithEnvironment("Webhooks__RequireVerification", builder.ExecutionContext.IsRunMode ? "false" : "true");

Service<Projects.AnalyticsWorker>("analytics-worker", "ChartMultiple");

Service<Projects.NotificationWorker>("notification-worker", "Mail")
    .WithMailFolder();

Service<Projects.Reclaimer>("reclaimer", "ArrowSync")
    .WithRedriveCommand();

builder.RestartCrashedResources();
builder.PrintUrlsWhenHealthy();
builder.Build().Run();

IResourceBuilder<ProjectResource> Service<TProject>(string name, string icon, int? port = null)
    where TProject : IProjectMetadata, new() =>
    builder.AddProject<TProject>(name)
        .WithHttpEndpoint(port: builder.ExecutionContext.IsRunMode ? builder.Configuration.GetValue($"Ports:{name}", port) : null)
        .WithHttpHealthCheck("/health")
        .WithoutHttpsCertificate()
        .WithIconName(icon)
        .RunAsBuiltProgram()
        .WithEnvironment("Postgres__MaxAutoPrepare", "32")
        .WithEnvironment("AllowedHosts", builder.ExecutionContext.IsRunMode ? "localhost" : $"{name};*.azurecontainerapps.io")
        .WithServers(servers, migrator)
        .WithReplicas(builder.Configuration.GetValue($"Replicas:{name}", 1));
