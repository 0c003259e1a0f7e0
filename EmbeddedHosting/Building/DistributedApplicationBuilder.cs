using System.Reflection;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;
using FanOut.EmbeddedHosting.Logging;
using FanOut.EmbeddedHosting.Processes;
using FanOut.EmbeddedHosting.Running;
using FanOut.EmbeddedHosting.State;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Aspire.Hosting;

public class DistributedApplicationBuilder : IDistributedApplicationBuilder
{
    private readonly HostApplicationBuilder _host;
    private readonly ResourceCollection _resources = [];

    public DistributedApplicationBuilder(DistributedApplicationOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var interception = EntryPointInterception.Current;
        interception?.Configure(options);

        AppHostAssembly = interception?.EntryAssembly ?? FindAssembly(options.AssemblyName);
        var projectDirectory = AppHostAssembly?.GetCustomAttributes<AssemblyMetadataAttribute>()
            .FirstOrDefault(metadata => string.Equals(metadata.Key, "apphostprojectpath", StringComparison.OrdinalIgnoreCase))?.Value;
        AppHostDirectory = Directory.Exists(projectDirectory) ? projectDirectory : AppContext.BaseDirectory;

        _host = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings
        {
            Args = options.Args,
            ApplicationName = AppHostAssembly?.GetName().Name,
            ContentRootPath = AppHostDirectory,
        });
        foreach (var (key, value) in interception?.Defaults ?? [])
        {
            if (_host.Configuration[key] is null)
            {
                _host.Configuration[key] = value;
            }
        }

        RefusePublishing();
        AddEngine();
        interception?.Created(this);
    }

    public ConfigurationManager Configuration => _host.Configuration;

    public string AppHostDirectory { get; }

    public Assembly? AppHostAssembly { get; }

    public IHostEnvironment Environment => _host.Environment;

    public IServiceCollection Services => _host.Services;

    public DistributedApplicationExecutionContext ExecutionContext { get; } = new(DistributedApplicationOperation.Run);

    public IResourceCollection Resources => _resources;

    public IResourceBuilder<T> AddResource<T>(T resource)
        where T : IResource
    {
        _resources.Add(resource);
        return CreateResourceBuilder(resource);
    }

    public IResourceBuilder<T> CreateResourceBuilder<T>(T resource)
        where T : IResource => new DistributedApplicationResourceBuilder<T>(this, resource);

    public DistributedApplication Build()
    {
        var interception = EntryPointInterception.Current;
        interception?.WaitUntilWanted();
        var application = new DistributedApplication(_host.Build(), interception);
        interception?.Built(application);
        return application;
    }

    /// <summary>The switches are Aspire's: <c>aspire publish</c> and azd pass them. Starting everything would be no answer.</summary>
    private void RefusePublishing()
    {
        if (_host.Configuration["publisher"] is not null || (_host.Configuration["operation"] is { } operation && !string.Equals(operation, "run", StringComparison.OrdinalIgnoreCase)))
        {
            throw new DistributedApplicationException("This engine only runs applications. To publish one, use Aspire: -p:UseAspire=true, or the environment variable UseAspire=true.");
        }
    }

    private void AddEngine()
    {
        _host.Services.AddOptions<EmbeddedHostOptions>()
            .BindConfiguration(EmbeddedHostOptions.SectionName)
            .ValidateDataAnnotations()
            .ValidateOnStart();
        _host.Services.PostConfigure<EmbeddedHostOptions>(options =>
            options.DataPath = DataFolder.Resolve(options.DataPath, AppHostDirectory));
        _host.Services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromMinutes(3));
        _host.Services.TryAddSingleton(TimeProvider.System);
        _host.Services.AddSingleton(new DistributedApplicationModel(_resources));
        _host.Services.AddSingleton(ExecutionContext);
        _host.Services.AddSingleton<ResourceNotificationService>();
        _host.Services.AddSingleton(services => new ResourceCommandService(services.GetRequiredService<EmbeddedEngine>(), services));
        _host.Services.AddSingleton<ResourceConsole>();
        _host.Services.AddSingleton(services => new ResourceLoggerService(services.GetRequiredService<ResourceConsole>()));
        _host.Services.AddSingleton<DataFolder>();
        _host.Services.AddSingleton<ProcessLedger>();
        _host.Services.AddSingleton<ProcessLauncher>();
        _host.Services.AddSingleton<EnvironmentFactory>();
        _host.Services.AddSingleton<EmbeddedEngine>();
        _host.Services.AddHostedService(services => services.GetRequiredService<EmbeddedEngine>());

        _host.Logging.ClearProviders();
        _host.Services.AddSingleton<ILoggerProvider, ResourceConsoleLoggerProvider>();
        _host.Logging.AddFilter("Microsoft.Hosting.Lifetime", LogLevel.Warning);
    }

    private static Assembly? FindAssembly(string? name) =>
        name is null
            ? Assembly.GetEntryAssembly()
            : AppDomain.CurrentDomain.GetAssemblies().FirstOrDefault(assembly => assembly.GetName().Name == name) ?? Assembly.Load(name);
}
