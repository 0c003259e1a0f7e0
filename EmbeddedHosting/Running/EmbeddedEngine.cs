using System.Globalization;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using FanOut.EmbeddedHosting.Logging;
using FanOut.EmbeddedHosting.Processes;
using FanOut.EmbeddedHosting.State;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace FanOut.EmbeddedHosting.Running;

/// <summary>Starts every resource of the model in the order of its waits, and stops them in the reverse order.</summary>
internal sealed partial class EmbeddedEngine : IHostedService, IAsyncDisposable
{
    private readonly DistributedApplicationModel _model;
    private readonly ProcessLedger _ledger;
    private readonly ResourceConsole _console;
    private readonly DataFolder _data;
    private readonly EmbeddedHostOptions _options;
    private readonly IHostApplicationLifetime _lifetime;
    private readonly TimeProvider _time;
    private readonly ILogger<EmbeddedEngine> _logger;
    private readonly bool _randomizePorts;
    private readonly RunnerContext _context;
    private readonly StateWriter _state;
    private readonly Lock _stopLock = new();
    private readonly CancellationTokenSource _stopping = new();
    private List<ResourceRunner> _runners = [];
    private HostLock? _lock;
    private Task _watch = Task.CompletedTask;
    private Task? _stopped;

    public EmbeddedEngine(
        DistributedApplicationModel model,
        ResourceNotificationService notifications,
        ProcessLauncher launcher,
        ProcessLedger ledger,
        EnvironmentFactory environments,
        ResourceConsole console,
        DataFolder data,
        IConfiguration configuration,
        IOptions<EmbeddedHostOptions> options,
        IHostApplicationLifetime lifetime,
        TimeProvider time,
        ILogger<EmbeddedEngine> logger)
    {
        _model = model;
        _ledger = ledger;
        _console = console;
        _data = data;
        _options = options.Value;
        _lifetime = lifetime;
        _time = time;
        _logger = logger;

        // The key is Aspire's, so that a test asks both engines in the same way.
        _randomizePorts = bool.TryParse(configuration["DcpPublisher:RandomizePorts"], out var randomize) && randomize;
        _context = new RunnerContext(notifications, launcher, environments, data, _options, time, logger, () => _state!.Changed());
        _state = new StateWriter(data.Root, Describe);
    }

    /// <summary>Why the host gave up, or null.</summary>
    public string? Failure { get; private set; }

    public IReadOnlyList<ResourceRunner> Find(string name) =>
    [
        .. _runners.Where(runner =>
            string.Equals(runner.Resource.Name, name, StringComparison.OrdinalIgnoreCase) || string.Equals(runner.Instance, name, StringComparison.OrdinalIgnoreCase)),
    ];

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var runners = CreateRunners();
        RefuseWaitCycles(runners);
        foreach (var runner in runners)
        {
            runner.CheckPrerequisites();
        }

        _lock = HostLock.Take(_data);
        await _ledger.CleanUpAsync(cancellationToken);
        if (_options.Fresh)
        {
            DeleteData();
        }

        DeleteScratch();
        var ports = new PortAllocator(_randomizePorts);
        foreach (var resource in _model.Resources)
        {
            ports.Allocate(resource, ReplicasOf(resource));
        }

        _runners = runners;
        _state.Start();
        foreach (var runner in _runners)
        {
            runner.Announce();
        }

        Log.Starting(_logger, _data.Root);
        foreach (var runner in _runners)
        {
            await runner.StartAsync();
        }

        _watch = WatchStartAsync(_stopping.Token);
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        lock (_stopLock)
        {
            _stopped ??= StopEverythingAsync();
        }

        return _stopped;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync(CancellationToken.None);
        foreach (var runner in _runners)
        {
            runner.Dispose();
        }

        _stopping.Dispose();
    }

    private async Task StopEverythingAsync()
    {
        await _stopping.CancelAsync();
        await _watch;
        if (_runners.Count > 0)
        {
            Log.Stopping(_logger);
        }

        var stops = new Dictionary<ResourceRunner, Task>();
        await Task.WhenAll(_runners.Select(Stop));
        if (_runners.Count > 0)
        {
            Log.Stopped(_logger);
            await _state.DisposeAsync();
        }

        _lock?.Dispose();

        Task Stop(ResourceRunner runner) => stops.TryGetValue(runner, out var known) ? known : stops[runner] = StopAfterDependents(runner);

        async Task StopAfterDependents(ResourceRunner runner)
        {
            await Task.WhenAll(_runners.Where(other => other.Dependencies.Contains(runner.Resource)).Select(Stop));
            await runner.StopAsync();
        }
    }

    private List<ResourceRunner> CreateRunners()
    {
        var runners = new List<ResourceRunner>();
        foreach (var resource in _model.Resources)
        {
            for (var replica = 0; replica < ReplicasOf(resource); replica++)
            {
                var instance = replica == 0 ? resource.Name : string.Create(CultureInfo.InvariantCulture, $"{resource.Name}-{replica + 1}");
                ResourceRunner? runner = resource switch
                {
                    ProjectResource project => new ProjectRunner(project, instance, replica, _context),
                    RedisResource redis => new RedisRunner(redis, instance, _context),
                    PostgresServerResource server => new PostgresRunner(server, instance, _context),
                    PostgresDatabaseResource database => new PostgresDatabaseRunner(database, instance, _context),
                    ParameterResource => null,
                    _ => throw new DistributedApplicationException($"This engine cannot run '{resource.Name}', a {resource.GetType().Name}. Use Aspire for it: -p:UseAspire=true."),
                };
                if (runner is not null)
                {
                    runners.Add(runner);
                }
            }
        }

        return runners;
    }

    private static int ReplicasOf(IResource resource) => resource.Annotations.OfType<ReplicaAnnotation>().LastOrDefault()?.Replicas ?? 1;

    private static void RefuseWaitCycles(List<ResourceRunner> runners)
    {
        var done = new HashSet<IResource>();
        var path = new List<IResource>();
        foreach (var runner in runners)
        {
            Visit(runner.Resource);
        }

        void Visit(IResource resource)
        {
            if (path.Contains(resource))
            {
                throw new DistributedApplicationException($"These resources wait for each other in a circle: {string.Join(" -> ", path.SkipWhile(other => other != resource).Append(resource).Select(other => other.Name))}.");
            }

            if (!done.Add(resource))
            {
                return;
            }

            path.Add(resource);
            foreach (var dependency in runners.Where(runner => runner.Resource == resource).Take(1).SelectMany(runner => runner.Dependencies))
            {
                Visit(dependency);
            }

            path.Remove(resource);
        }
    }

    private void DeleteData()
    {
        Log.Deleting(_logger, _data.Root);
        foreach (var server in _model.Resources.OfType<PostgresServerResource>())
        {
            Delete(PostgresRunner.VolumeElsewhere(_data.VolumeOf(server.Name, persistent: true)));
        }

        Delete(Path.GetDirectoryName(_data.VolumeOf("any", persistent: true))!);
    }

    /// <summary>Data of resources without a volume live as long as the host.</summary>
    private void DeleteScratch() => Delete(Path.GetDirectoryName(_data.VolumeOf("any", persistent: false))!);

    private static void Delete(string folder)
    {
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private async Task WatchStartAsync(CancellationToken cancellationToken)
    {
        try
        {
            await Task.WhenAll(_runners.Select(runner => runner.Resource.Name).Distinct()
                    .Select(name => _context.Notifications.WaitForResourceHealthyAsync(name, cancellationToken)))
                .WaitAsync(_options.StartTimeout, _time, cancellationToken);
            Log.Ready(_logger, string.Join("  ", _runners.Select(runner => runner.Describe()).Where(state => state.Endpoints.ContainsKey("http")).Select(state => $"{state.Name} {state.Endpoints["http"]}")));
        }
        catch (OperationCanceledException)
        {
        }
        catch (TimeoutException)
        {
            Failure = DescribeFailure();
            Log.NotHealthy(_logger, Failure);
            _state.Changed();
            if (_options.StopOnFailedStart)
            {
                _lifetime.StopApplication();
            }
        }
    }

    private string DescribeFailure()
    {
        var lines = new List<string> { $"not everything became healthy within {_options.StartTimeout.TotalSeconds} s:" };
        foreach (var runner in _runners.Where(runner => !runner.IsHealthy))
        {
            var state = runner.Describe();
            lines.Add($"{state.Name}: {state.State}{(state.Reason is null ? "" : $", {state.Reason}")}");
            lines.AddRange(_console.LastLines(state.Name).TakeLast(15).Select(line => $"    {line}"));
        }

        return string.Join('\n', lines);
    }

    private HostState Describe() =>
        new(Environment.ProcessId, ProcessIdentity.Of(Environment.ProcessId) ?? "", Failure, [.. _runners.Select(runner => runner.Describe())]);

    private static partial class Log
    {
        [LoggerMessage(7050, LogLevel.Information, "Starting; data in {Folder}")]
        public static partial void Starting(ILogger logger, string folder);

        [LoggerMessage(7051, LogLevel.Information, "Ready: {Urls}")]
        public static partial void Ready(ILogger logger, string urls);

        [LoggerMessage(7052, LogLevel.Error, "Giving up, {Failure}")]
        public static partial void NotHealthy(ILogger logger, string failure);

        [LoggerMessage(7053, LogLevel.Information, "Stopping")]
        public static partial void Stopping(ILogger logger);

        [LoggerMessage(7054, LogLevel.Information, "Everything has stopped")]
        public static partial void Stopped(ILogger logger);

        [LoggerMessage(7055, LogLevel.Information, "Starting fresh: deleting the data in {Folder}")]
        public static partial void Deleting(ILogger logger, string folder);
    }
}
