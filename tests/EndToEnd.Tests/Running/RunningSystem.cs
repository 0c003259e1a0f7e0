using System.Diagnostics;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;
using FanOut.Contracts;
using FanOut.Contracts.Webhooks;
using FanOut.EndToEnd.Tests.Telemetry;
using Npgsql;
using Refit;
using StackExchange.Redis;

namespace FanOut.EndToEnd.Tests.Running;

/// <summary>The whole AppHost as it ships, started by whichever engine this was built for.</summary>
internal sealed class RunningSystem : IAsyncDisposable
{
    public static readonly string[] Services = ["order-api", "webhook-worker", "analytics-worker", "notification-worker", "reclaimer"];

    private static readonly TimeSpan StartTime = TimeSpan.FromMinutes(2);

    private readonly DistributedApplication _app;

    private RunningSystem(DistributedApplication app, string folder, NpgsqlDataSource database, ConnectionMultiplexer redis)
    {
        _app = app;
        Folder = folder;
        Database = database;
        Redis = redis;
        Traces = new TraceFolder(TraceFolderIn(folder));
        Orders = Client("order-api");
    }

    /// <summary>Where its data and logs are, below the tests' own folder: logs stay for whoever looks into a failure, until the next run.</summary>
    public string Folder { get; }

    public NpgsqlDataSource Database { get; }

    public ConnectionMultiplexer Redis { get; }

    public TraceFolder Traces { get; }

    public HttpClient Orders { get; }

    public IAnalyticsApi Analytics => RestService.For<IAnalyticsApi>(Client("analytics-worker"), new RefitSettings(new SystemTextJsonContentSerializer(ContractsJson.Default.Options)));

    public IWebhookApi Webhooks => RestService.For<IWebhookApi>(Client("webhook-worker"), new RefitSettings(new SystemTextJsonContentSerializer(WebhooksJson.Default.Options)));

    /// <summary>Starts everything and waits until all of it is healthy.</summary>
    public static async Task<RunningSystem> StartAsync(string name, IReadOnlyDictionary<string, string> environment, params string[] settings)
    {
        using var limit = new CancellationTokenSource(StartTime);
        var folder = FolderOf(name);
        var app = await BuildAsync(folder, Configure, settings, limit.Token);
        try
        {
            await app.StartAsync(limit.Token);
            await Task.WhenAll(Services.Append("redis").Append("fanout").Select(resource => app.ResourceNotifications.WaitForResourceHealthyAsync(resource, limit.Token)));
            var redis = ConfigurationOptions.Parse((await app.GetConnectionStringAsync("redis", limit.Token))!);
            redis.AbortOnConnectFail = false;
            return new RunningSystem(
                app,
                folder,
                NpgsqlDataSource.Create((await app.GetConnectionStringAsync("fanout", limit.Token))!),
                await ConnectionMultiplexer.ConnectAsync(redis));
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }

        void Configure(IResourceBuilder<ProjectResource> service)
        {
            foreach (var (key, value) in environment)
            {
                service.WithEnvironment(key, value);
            }
        }
    }

    /// <summary>Builds the AppHost without starting it.</summary>
    public static async Task<DistributedApplication> BuildAsync(
        string folder, Action<IResourceBuilder<ProjectResource>> configure, string[] settings, CancellationToken cancellationToken)
    {
        if (Directory.Exists(folder))
        {
            foreach (var old in new[] { TraceFolderIn(folder), LogFolderIn(folder) }.Where(Directory.Exists))
            {
                Directory.Delete(old, recursive: true);
            }
        }

        var run = Guid.NewGuid().ToString("N")[..8];
        var builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.AppHost>(
            [
                // The embedded engine keeps data in a folder, Aspire in volumes: neither may be those of a system that runs beside the tests.
                $"--EmbeddedHosting:DataPath={folder}",
                "--EmbeddedHosting:Fresh=true",
                "--EmbeddedHosting:RestartDelay=00:00:00.2",
                $"--Volumes:redis=fanout-test-{run}-redis",
                $"--Volumes:postgres=fanout-test-{run}-postgres",
                .. settings,
            ],
            cancellationToken);
        foreach (var project in builder.Resources.OfType<ProjectResource>().ToArray())
        {
            var service = builder.CreateResourceBuilder(project);
            service.WithEnvironment("Smtp__PickupFolder", MailFolderIn(folder));
            configure(service);
        }

        return await builder.BuildAsync(cancellationToken);
    }

    /// <summary>All of a stopped system but its logs and traces.</summary>
    public static void DeleteData(string folder)
    {
        foreach (var data in new[] { Path.Combine(folder, "volumes"), MailFolderIn(folder) }.Where(Directory.Exists))
        {
            Directory.Delete(data, recursive: true);
        }
    }

    public static string FolderOf(string name) => Path.Combine(AppContext.BaseDirectory, "systems", name);

    public static string TraceFolderIn(string folder) => Path.Combine(folder, "traces");

    public HttpClient Client(string service) => new(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = _app.GetEndpoint(service, "http"), Timeout = TimeSpan.FromSeconds(30) };

    public async Task<MetricsPage> MetricsAsync(string service, CancellationToken cancellationToken)
    {
        using var http = Client(service);
        return MetricsPage.Parse(await http.GetStringAsync(new Uri("/metrics", UriKind.Relative), cancellationToken));
    }

    /// <summary>kill -9, and no more: whoever runs the system has to bring it back. Returns when it is healthy again.</summary>
    public async Task KillAsync(string resource, CancellationToken cancellationToken)
    {
        if (await PidAsync(resource, cancellationToken) is not { } killed)
        {
            // A container: the process is not ours to kill.
            await CommandAsync(resource, KnownResourceCommands.RestartCommand, cancellationToken);
            await _app.ResourceNotifications.WaitForResourceHealthyAsync(resource, cancellationToken);
            return;
        }

        using (var process = Process.GetProcessById(killed))
        {
            process.Kill(entireProcessTree: true);
        }

        // The embedded engine starts it again by itself, which makes the command a wish that is granted already; Aspire leaves that to its user.
        await _app.ResourceNotifications.WaitForResourceAsync(
            resource, change => PidOf(change) != killed || KnownResourceStates.TerminalStates.Contains(change.Snapshot.State?.Text), cancellationToken);
        await CommandAsync(resource, KnownResourceCommands.StartCommand, cancellationToken);
        await _app.ResourceNotifications.WaitForResourceAsync(
            resource,
            change => PidOf(change) is { } pid && pid != killed && change.Snapshot.HealthStatus is Microsoft.Extensions.Diagnostics.HealthChecks.HealthStatus.Healthy,
            cancellationToken);
    }

    public Task StopAsync(string resource, CancellationToken cancellationToken) => CommandAsync(resource, KnownResourceCommands.StopCommand, cancellationToken);

    public async Task StartAsync(string resource, CancellationToken cancellationToken)
    {
        await CommandAsync(resource, KnownResourceCommands.StartCommand, cancellationToken);
        await _app.ResourceNotifications.WaitForResourceHealthyAsync(resource, cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        Orders.Dispose();
        await Redis.DisposeAsync();
        await Database.DisposeAsync();
        await _app.DisposeAsync();
        DeleteData(Folder);
    }

    private static string MailFolderIn(string folder) => Path.Combine(folder, "mail");

    private static string LogFolderIn(string folder) => Path.Combine(folder, "logs");

    private static int? PidOf(ResourceEvent change) => change.Snapshot.Properties.FirstOrDefault(property => property.Name == "executable.pid")?.Value as int?;

    private async Task<int?> PidAsync(string resource, CancellationToken cancellationToken) =>
        PidOf(await _app.ResourceNotifications.WaitForResourceAsync(resource, change => change.Snapshot.State?.Text == KnownResourceStates.Running, cancellationToken));

    private async Task CommandAsync(string resource, string command, CancellationToken cancellationToken)
    {
        var result = await _app.ResourceCommands.ExecuteCommandAsync(resource, command, cancellationToken);
        if (!result.Success)
        {
            throw new InvalidOperationException($"'{command}' of {resource} failed: {result.Message}");
        }
    }
}
