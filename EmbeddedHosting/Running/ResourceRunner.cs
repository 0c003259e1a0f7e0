using System.Collections.Immutable;
using Aspire.Hosting.ApplicationModel;
using FanOut.EmbeddedHosting.State;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;

namespace FanOut.EmbeddedHosting.Running;

/// <summary>Keeps one replica of one resource running from its start to its stop.</summary>
internal abstract partial class ResourceRunner(IResource resource, string instance, int replica, RunnerContext context) : IDisposable
{
    private static readonly TimeSpan EagerCheck = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan SteadyCheck = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan CheckTimeout = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim _commands = new(1, 1);
    private readonly Lock _lock = new();
    private CancellationTokenSource? _running;
    private Task _run = Task.CompletedTask;
    private string _state = KnownResourceStates.NotStarted;
    private HealthStatus? _health;
    private int? _pid;
    private int? _exitCode;
    private string? _reason;
    private int _restarts;

    public IResource Resource { get; } = resource;

    /// <summary>The resource's name; further replicas have a number behind it.</summary>
    public string Instance { get; } = instance;

    public bool IsHealthy => _health is HealthStatus.Healthy && _state == KnownResourceStates.Running;

    protected int Replica { get; } = replica;

    protected RunnerContext Context { get; } = context;

    /// <summary>What must be stopped after this: what it waits for, and what it is a part of.</summary>
    public IEnumerable<IResource> Dependencies =>
        Resource.Annotations.OfType<WaitAnnotation>().Select(wait => wait.Resource)
            .Concat(Resource is IResourceWithParent child ? [child.Parent] : []);

    /// <summary>Fails with a message for people when this machine cannot run the resource.</summary>
    public virtual void CheckPrerequisites()
    {
    }

    public void Announce() => Update(KnownResourceStates.NotStarted);

    public async Task StartAsync()
    {
        await _commands.WaitAsync();
        try
        {
            if (!_run.IsCompleted)
            {
                return;
            }

            _running?.Dispose();
            _running = new CancellationTokenSource();
            var token = _running.Token;
            _run = Task.Run(() => RunToEndAsync(token), CancellationToken.None);
        }
        finally
        {
            _commands.Release();
        }
    }

    public async Task StopAsync()
    {
        await _commands.WaitAsync();
        try
        {
            if (_running is not null)
            {
                await _running.CancelAsync();
            }

            await _run;
        }
        finally
        {
            _commands.Release();
        }
    }

    public void Dispose()
    {
        _commands.Dispose();
        _running?.Dispose();
    }

    public ResourceState Describe()
    {
        lock (_lock)
        {
            return new ResourceState(
                Instance,
                TypeName,
                _state,
                _state == KnownResourceStates.Running ? (_health ?? HealthStatus.Unhealthy).ToString() : nameof(HealthStatus.Unhealthy),
                _pid,
                Resource.Annotations.OfType<EndpointAnnotation>()
                    .Where(endpoint => endpoint.Allocated.Count > Replica)
                    .ToDictionary(endpoint => endpoint.Name, endpoint => endpoint.Allocated[Replica].GetLeftPart(UriPartial.Authority)),
                ConnectionString,
                (Resource as IResourceWithParent)?.Parent.Name,
                _reason,
                _restarts,
                Context.Data.LogFile(Instance));
        }
    }

    protected abstract string TypeName { get; }

    protected virtual string? ConnectionString => null;

    protected abstract Task RunAsync(CancellationToken cancellationToken);

    /// <summary>Null when healthy, otherwise the reason why not.</summary>
    protected abstract Task<string?> CheckHealthAsync(CancellationToken cancellationToken);

    protected async Task WaitForDependenciesAsync(CancellationToken cancellationToken)
    {
        var waits = Resource.Annotations.OfType<WaitAnnotation>().ToArray();
        Update(KnownResourceStates.Waiting, reason: waits.Length == 0 ? null : $"waits for {string.Join(", ", waits.Select(wait => wait.Resource.Name))}");
        foreach (var wait in waits)
        {
            await (wait.WaitType == WaitType.WaitUntilHealthy
                ? Context.Notifications.WaitForResourceHealthyAsync(wait.Resource.Name, cancellationToken)
                : Context.Notifications.WaitForResourceAsync(wait.Resource.Name, KnownResourceStates.Running, cancellationToken));
        }
    }

    protected async Task WatchHealthAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(CheckTimeout);
            string? reason;
            try
            {
                reason = await CheckHealthAsync(limit.Token);
            }
            catch (OperationCanceledException)
            {
                reason = $"the health check took longer than {CheckTimeout.TotalSeconds} s";
            }
#pragma warning disable CA1031 // Whatever a check throws is the reason why the resource is not healthy.
            catch (Exception exception)
            {
                reason = exception.Message;
            }
#pragma warning restore CA1031

            if (cancellationToken.IsCancellationRequested)
            {
                return;
            }

            UpdateHealth(reason);
            try
            {
                await Task.Delay(IsHealthy ? SteadyCheck : EagerCheck, Context.Time, cancellationToken);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    protected void Update(string state, int? pid = null, int? exitCode = null, string? reason = null, bool restarted = false)
    {
        lock (_lock)
        {
            _state = state;
            _health = null;
            _pid = pid;
            _exitCode = exitCode;
            _reason = reason;
            _restarts += restarted ? 1 : 0;
            Publish();
        }
    }

    private void UpdateHealth(string? reason)
    {
        lock (_lock)
        {
            var health = reason is null ? HealthStatus.Healthy : HealthStatus.Unhealthy;
            if (health == _health && reason == _reason)
            {
                return;
            }

            if (health == HealthStatus.Healthy)
            {
                Log.Healthy(Context.Logger, Instance);
            }
            else if (_health is HealthStatus.Healthy)
            {
                Log.Unhealthy(Context.Logger, Instance, reason!);
            }

            _health = health;
            _reason = reason;
            Publish();
        }
    }

    private void Publish()
    {
        var properties = ImmutableArray<ResourcePropertySnapshot>.Empty;
        if (_pid is { } pid)
        {
            properties = [new ResourcePropertySnapshot("executable.pid", pid)];
        }

        Context.Notifications.Publish(new ResourceEvent(
            Resource,
            Instance,
            new CustomResourceSnapshot { ResourceType = TypeName, Properties = properties, State = _state, HealthStatus = _health, ExitCode = _exitCode }));
        Context.StateChanged();
    }

    private async Task RunToEndAsync(CancellationToken cancellationToken)
    {
        try
        {
            await WaitForDependenciesAsync(cancellationToken);
            await RunAsync(cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
        }
#pragma warning disable CA1031 // One resource's fault must not end the others.
        catch (Exception exception)
        {
            Log.Failed(Context.Logger, exception, Instance);
            Update(KnownResourceStates.FailedToStart, reason: exception.Message);
            return;
        }
#pragma warning restore CA1031

        Update(KnownResourceStates.Finished);
        Log.Stopped(Context.Logger, Instance);
    }

    private static partial class Log
    {
        [LoggerMessage(7010, LogLevel.Information, "{Name} is healthy")]
        public static partial void Healthy(ILogger logger, string name);

        [LoggerMessage(7011, LogLevel.Warning, "{Name} is not healthy any more: {Reason}")]
        public static partial void Unhealthy(ILogger logger, string name, string reason);

        [LoggerMessage(7013, LogLevel.Information, "{Name} has stopped")]
        public static partial void Stopped(ILogger logger, string name);

        [LoggerMessage(7012, LogLevel.Error, "{Name} failed")]
        public static partial void Failed(ILogger logger, Exception exception, string name);
    }
}
