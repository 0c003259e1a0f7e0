using System.Runtime.ExceptionServices;
using FanOut.TestServers;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace FanOut.Services.Tests;

/// <summary>A real service on Kestrel, with its own port, and its own databases on real servers.</summary>
/// <typeparam name="TAnyTypeOfService">A type of the service's assembly.</typeparam>
internal sealed class ServiceHost<TAnyTypeOfService> : IAsyncDisposable
    where TAnyTypeOfService : class
{
    private readonly Factory _factory;
    private readonly PostgresDatabase? _ownDatabase;

    private ServiceHost(Factory factory, PostgresDatabase database, bool ownsDatabase)
    {
        _factory = factory;
        Database = database;
        _ownDatabase = ownsDatabase ? database : null;
        Address = new Uri(factory.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
        Http = new HttpClient { BaseAddress = Address, DefaultRequestHeaders = { Authorization = TestKey.Header } };
    }

    public PostgresDatabase Database { get; }

    public Uri Address { get; }

    /// <summary>A client with a key that may do everything.</summary>
    public HttpClient Http { get; }

    public IServiceProvider Services => _factory.Services;

    public static Task<ServiceHost<TAnyTypeOfService>> StartAsync(
        IReadOnlyDictionary<string, string>? settings = null, PostgresDatabase? database = null, CancellationToken cancellationToken = default) =>
        StartAsync(settings, database, logs: null, cancellationToken);

    public static async Task<ServiceHost<TAnyTypeOfService>> StartAsync(
        IReadOnlyDictionary<string, string>? settings,
        PostgresDatabase? database,
        ILoggerProvider? logs,
        CancellationToken cancellationToken = default)
    {
        var redis = await RedisServer.SharedAsync();
        var used = database ?? await (await PostgresServer.SharedAsync()).CreateDatabaseAsync(cancellationToken: cancellationToken);
        var effective = new Dictionary<string, string>
        {
            ["ConnectionStrings:redis"] = redis.NewDatabase(),
            ["ConnectionStrings:fanout"] = used.ConnectionString,
        };
        foreach (var (key, value) in settings ?? new Dictionary<string, string>())
        {
            effective[key] = value;
        }

        var factory = new Factory(effective, logs);
        factory.UseKestrel(0);
        try
        {
            await Task.Run(factory.StartServer, cancellationToken);
        }
        catch (ObjectDisposedException) when (factory.Failure.Reason is { } reason)
        {
            // A program whose start fails disposes its host; the factory may use it after that, and report only this.
            ExceptionDispatchInfo.Throw(reason);
        }

        await using (var source = database is null ? NpgsqlDataSource.Create(effective["ConnectionStrings:fanout"]) : null)
        {
            await TestKey.AddAsync(source ?? database!.DataSource, cancellationToken);
        }

        return new ServiceHost<TAnyTypeOfService>(factory, used, database is null);
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _factory.DisposeAsync();
        if (_ownDatabase is not null)
        {
            await _ownDatabase.DisposeAsync();
        }
    }

    /// <summary>The logged reason why the host did not start.</summary>
    private sealed class StartFailure : ILoggerProvider, ILogger
    {
        private volatile Exception? _reason;

        public Exception? Reason => _reason;

        public ILogger CreateLogger(string categoryName) => categoryName == "Microsoft.Extensions.Hosting.Internal.Host" ? this : NullLogger.Instance;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Error;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            _reason ??= exception;

        public void Dispose()
        {
        }
    }

    private sealed class Factory(IReadOnlyDictionary<string, string> settings, ILoggerProvider? logs) : WebApplicationFactory<TAnyTypeOfService>
    {
        public StartFailure Failure { get; } = new();

        protected override void ConfigureWebHost(IWebHostBuilder builder)
        {
            builder.ConfigureLogging(logging =>
            {
                logging.AddProvider(Failure);
                if (logs is not null)
                {
                    logging.AddProvider(logs);
                }
            });
            builder.UseEnvironment("Testing");
            foreach (var (key, value) in settings)
            {
                builder.UseSetting(key, value);
            }
        }
    }
}
