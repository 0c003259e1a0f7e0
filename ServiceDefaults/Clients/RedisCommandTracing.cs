using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using Microsoft.Extensions.Hosting;
using StackExchange.Redis.Profiling;

namespace FanOut.ServiceDefaults.Clients;

/// <summary>
/// A client span for each Redis command that a recorded span caused. The client tells of commands only afterwards, through profiling sessions:
/// one per span, made into spans every second. Commands that nothing recorded has caused cost nothing.
/// </summary>
internal sealed class RedisCommandTracing(TimeProvider timeProvider) : BackgroundService
{
    /// <summary>The name under which Aspire's client traces its commands.</summary>
    public const string SourceName = "OpenTelemetry.Instrumentation.StackExchangeRedis";

    private static readonly ActivitySource Source = new(SourceName);
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<ActivitySpanId, (Activity Cause, ProfilingSession Session)> _sessions = new();

    public ProfilingSession? SessionOfCaller() =>
        Activity.Current is { IsAllDataRequested: true, Recorded: true } cause ? _sessions.GetOrAdd(cause.SpanId, static (_, it) => (it, new ProfilingSession()), cause).Session : null;

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        Drain();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, timeProvider);
        while (!stoppingToken.IsCancellationRequested && await timer.WaitForNextTickAsync(stoppingToken))
        {
            Drain();
        }
    }

    private static void Emit(IProfiledCommand command, ActivityContext parent)
    {
        using var span = Source.StartActivity(ActivityKind.Client, parent, startTime: command.CommandCreated, name: command.Command);
        if (span is null)
        {
            return;
        }

        span.SetTag("db.system.name", "redis");
        span.SetTag("db.operation.name", command.Command);
        span.SetTag("db.query.text", command.Command);
        span.SetTag("db.namespace", command.Db.ToString(CultureInfo.InvariantCulture));
        if (command.EndPoint is IPEndPoint address)
        {
            span.SetTag("server.address", address.Address.ToString());
            span.SetTag("server.port", address.Port);
            span.SetTag("network.peer.address", address.Address.ToString());
            span.SetTag("network.peer.port", address.Port);
        }
        else if (command.EndPoint is DnsEndPoint name)
        {
            span.SetTag("server.address", name.Host);
            span.SetTag("server.port", name.Port);
        }

        span.SetEndTime(command.CommandCreated + command.ElapsedTime);
    }

    private void Drain()
    {
        foreach (var (id, (cause, session)) in _sessions)
        {
            if (cause.IsStopped)
            {
                _sessions.TryRemove(id, out _);
            }

            foreach (var command in session.FinishProfiling())
            {
                Emit(command, cause.Context);
            }
        }
    }
}
