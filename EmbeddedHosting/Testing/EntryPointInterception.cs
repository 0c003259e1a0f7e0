using System.Reflection;

namespace Aspire.Hosting.Testing;

/// <summary>
/// Runs an AppHost's entry point up to its Build, hands the builder to the test, lets Build go on when the test asks for it,
/// and holds the entry point's Run until the application is disposed.
/// </summary>
internal sealed class EntryPointInterception(Assembly entryAssembly, string[] args)
{
    private static readonly AsyncLocal<EntryPointInterception?> Ambient = new();

    private readonly TaskCompletionSource<DistributedApplicationBuilder> _builder = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _wanted = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<DistributedApplication> _application = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _disposed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly string _scratch = Path.Combine(Path.GetTempPath(), "embedded-hosting", Path.GetRandomFileName());
    private DistributedApplicationBuilder? _created;

    public static EntryPointInterception? Current => Ambient.Value;

    public Assembly EntryAssembly { get; } = entryAssembly;

    public Task Disposed => _disposed.Task;

    /// <summary>What a test wants where it does not say otherwise: nothing shared with another AppHost on the machine.</summary>
    public IEnumerable<KeyValuePair<string, string?>> Defaults =>
    [
        new("EmbeddedHosting:DataPath", _scratch),
        new("EmbeddedHosting:Console", "false"),
        new("EmbeddedHosting:StopOnFailedStart", "false"),
        new("DcpPublisher:RandomizePorts", "true"),
    ];

    public Task<DistributedApplicationBuilder> StartAsync(CancellationToken cancellationToken)
    {
        var entryPoint = EntryAssembly.EntryPoint
            ?? throw new InvalidOperationException($"Assembly {EntryAssembly.GetName().Name} has no entry point: name a class of an AppHost project, such as Projects.AppHost.");
        _ = Task.Factory.StartNew(() => RunEntryPoint(entryPoint), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        return _builder.Task.WaitAsync(cancellationToken);
    }

    public Task<DistributedApplication> BuildAsync(CancellationToken cancellationToken)
    {
        _wanted.TrySetResult();
        return _application.Task.WaitAsync(cancellationToken);
    }

    public void Configure(DistributedApplicationOptions options)
    {
        options.Args = args;
    }

    public void Created(DistributedApplicationBuilder builder) => _created = builder;

    public void WaitUntilWanted()
    {
        _builder.TrySetResult(_created!);
        _wanted.Task.GetAwaiter().GetResult();
    }

    public void Built(DistributedApplication application) => _application.TrySetResult(application);

    public void Release()
    {
        _wanted.TrySetCanceled();
        _disposed.TrySetResult();
        if (Directory.Exists(_scratch))
        {
            Directory.Delete(_scratch, recursive: true);
        }
    }

    private void RunEntryPoint(MethodInfo entryPoint)
    {
        Ambient.Value = this;
        try
        {
            entryPoint.Invoke(null, entryPoint.GetParameters().Length == 0 ? null : [args]);
            End(new InvalidOperationException("The AppHost's entry point ended without building an application."));
        }
        catch (TargetInvocationException exception)
        {
            End(exception.InnerException ?? exception);
        }
    }

    private void End(Exception exception)
    {
        _builder.TrySetException(exception);
        _application.TrySetException(exception);
    }
}
