using System.Diagnostics;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;
using FanOut.AppHost;
using FanOut.Contracts;
using FanOut.Contracts.Operations;
using FanOut.Contracts.Webhooks;
using FanOut.EndToEnd.Tests.Telemetry;
using FanOut.TestServers;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Npgsql;
using Refit;
using StackExchange.Redis;

namespace FanOut.EndToEnd.Tests.Running;

/// <summary>The whole AppHost, started by Aspire.</summary>
internal sealed class RunningSystem : IAsyncDisposable
{
    public static readonly string[] Services =
        ["order-api", "webhook-worker", "analytics-worker", "notification-worker", "reclaimer", "stream-console"];

    private static readonly TimeSpan StartTime = TimeSpan.FromMinutes(2);

    private readonly DistributedApplication _app;

    private RunningSystem(DistributedApplication app, string folder, NpgsqlDataSource database, ConnectionMultiplexer redis, string key)
    {
        _app = app;
        Key = key;
        Folder = folder;
        Database = database;
        Redis = redis;
        Orders = Client("order-api");
    }

    /// <summary>The folder of its data.</summary>
    public string Folder { get; }

    /// <summary>The key of a system in development, which may do everything.</summary>
    public string Key { get; }

    /// <summary>The address of the console.</summary>
    public Uri Console => _app.GetEndpoint("stream-console", "http");

    public NpgsqlDataSource Database { get; }

    public ConnectionMultiplexer Redis { get; }

    public HttpClient Orders { get; }

    public IAnalyticsApi Analytics => RestService.For<IAnalyticsApi>(
        Client("analytics-worker"), new RefitSettings(new SystemTextJsonContentSerializer(ContractsJson.Default.Options)));

    public IWebhookApi Webhooks => RestService.For<IWebhookApi>(
        Client("webhook-worker"), new RefitSettings(new SystemTextJsonContentSerializer(WebhooksJson.Default.Options)));

    public IOperationsApi Operations => RestService.For<IOperationsApi>(
        Client("reclaimer"), new RefitSettings(new SystemTextJsonContentSerializer(OperationsJson.Default.Options)));

    /// <summary>Starts everything and waits until all of it is healthy.</summary>
    public static async Task<RunningSystem> StartAsync(string name, IReadOnlyDictionary<string, string> environment, params string[] settings)
    {
        using var limit = new CancellationTokenSource(StartTime);
        var folder = FolderOf(name);
        var app = await BuildAsync(folder, Configure, settings, limit.Token);
        try
        {
            await app.StartAsync(limit.Token);
            await Task.WhenAll(Services.Append("redis").Append("fanout").Select(resource =>
                app.ResourceNotifications.WaitForResourceHealthyAsync(resource, limit.Token)));
            var redis = ConfigurationOptions.Parse((await app.GetConnectionStringAsync("redis", limit.Token))!);
            redis.AbortOnConnectFail = false;
            return new RunningSystem(
                app,
                folder,
                NpgsqlDataSource.Create((await app.GetConnectionStringAsync("fanout", limit.Token))!),
                await ConnectionMultiplexer.ConnectAsync(redis),
                await app.Services.GetRequiredService<DevelopmentKey>().ReadAsync(limit.Token));
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
            Directory.Delete(folder, recursive: true);
        }

        string[] arguments = ["--Containers=false", $"--DataPath={DataFolderIn(folder)}", .. settings];
        var builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.AppHost>(arguments, cancellationToken);
        foreach (var project in builder.Resources.OfType<ProjectResource>().ToArray())
        {
            var service = builder.CreateResourceBuilder(project);
            service.WithEnvironment("Smtp__PickupFolder", MailFolderIn(folder));
            configure(service);
        }

        return await builder.BuildAsync(cancellationToken);
    }

    /// <summary>Deletes the files of a stopped system.</summary>
    public static void DeleteData(string folder)
    {
        foreach (var data in new[] { DataFolderIn(folder), MailFolderIn(folder) }.Where(Directory.Exists))
        {
            Directory.Delete(data, recursive: true);
        }
    }

    public static string FolderOf(string name) => Path.Combine(AppContext.BaseDirectory, "systems", name);

    public static string DataFolderIn(string folder) => Path.Combine(folder, "data");

    /// <summary>A client with <see cref="Key"/>.</summary>
    public HttpClient Client(string service) => new(new SocketsHttpHandler { UseProxy = false })
    {
        BaseAddress = _app.GetEndpoint(service, "http"),
        Timeout = TimeSpan.FromSeconds(30),
        DefaultRequestHeaders = { Authorization = new("Bearer", Key) },
    };

    public async Task<MetricsPage> MetricsAsync(string service, CancellationToken cancellationToken)
    {
        using var http = Client(service);
        return MetricsPage.Parse(await http.GetStringAsync(new Uri("/metrics", UriKind.Relative), cancellationToken));
    }

    /// <summary>kill -9. Returns when the AppHost has restarted the resource and it is healthy again.</summary>
    public async Task KillAsync(string resource, CancellationToken cancellationToken)
    {
        var killed = await PidAsync(resource, cancellationToken);
        using (var process = Process.GetProcessById(killed))
        {
            process.Kill(entireProcessTree: true);
        }

        await _app.ResourceNotifications.WaitForResourceAsync(
            resource, change => PidOf(change) is { } pid && pid != killed && change.Snapshot.HealthStatus is HealthStatus.Healthy, cancellationToken);
    }

    /// <summary>Does something while a resource has connections but does not answer.</summary>
    public async Task WhileItHangsAsync(string resource, Func<Task> act, CancellationToken cancellationToken)
    {
        var process = await PidAsync(resource, cancellationToken);
        ServerProcess.Pause(process);
        try
        {
            await act();
        }
        finally
        {
            ServerProcess.Resume(process);
        }
    }

    /// <returns>Its state, such as Running or Exited.</returns>
    public string? StateOf(string resource) =>
        _app.ResourceNotifications.TryGetCurrentState(resource, out var change) ? change.Snapshot.State?.Text : null;

    /// <summary>Runs a command of the dashboard.</summary>
    public async Task RunCommandAsync(string resource, string command, CancellationToken cancellationToken)
    {
        var result = await _app.ResourceCommands.ExecuteCommandAsync(resource, command, cancellationToken);
        if (!result.Success)
        {
            throw new InvalidOperationException($"'{command}' of {resource} failed: {result.Message}");
        }
    }

    public Task StopAsync(string resource, CancellationToken cancellationToken) =>
        RunCommandAsync(resource, KnownResourceCommands.StopCommand, cancellationToken);

    public async Task StartAsync(string resource, CancellationToken cancellationToken)
    {
        await RunCommandAsync(resource, KnownResourceCommands.StartCommand, cancellationToken);
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

    public static string MailFolderIn(string folder) => Path.Combine(folder, "mail");

    private async Task<int> PidAsync(string resource, CancellationToken cancellationToken) => PidOf(
        await _app.ResourceNotifications.WaitForResourceAsync(resource, change => PidOf(change) is not null, cancellationToken))!.Value;

    private static int? PidOf(ResourceEvent change) =>
        change.Snapshot.Properties.FirstOrDefault(property => property.Name == "executable.pid")?.Value as int?;
}
