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

var orderApi = Service<Projects.OrderApi>("order-api", "Cart", port: 5080)
    .WithExternalHttpEndpoints()
    .WithUrlForEndpoint("http", url => url.DisplayText = "Order API")
    .WithUrlForEndpoint("http", _ => new() { Url = "/scalar", DisplayText = "Try it" })
    .WithDemoOrdersCommand(count: 100);

var webhookWorker = Service<Projects.WebhookWorker>("webhook-worker", "Send")
    .WithEnvironment("Webhooks__AllowPrivateNetworks", builder.ExecutionContext.IsRunMode ? "true" : "false")
    .WithEnvironment("Webhooks__RequireVerification", builder.ExecutionContext.IsRunMode ? "false" : "true");

var analyticsWorker = Service<Projects.AnalyticsWorker>("analytics-worker", "ChartMultiple");

var notificationWorker = Service<Projects.NotificationWorker>("notification-worker", "Mail")
    .WithMailFolder();

var reclaimer = Service<Projects.Reclaimer>("reclaimer", "ArrowSync")
    .WithRedriveCommand();

Service<Projects.StreamConsole>("stream-console", "Desktop", port: 5081)
    .WithExternalHttpEndpoints()
    .WithServices(orderApi, webhookWorker, analyticsWorker, notificationWorker, reclaimer)
    .WithSignIn();

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
