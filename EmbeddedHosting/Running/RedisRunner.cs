using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using FanOut.EmbeddedHosting.Processes;
using FanOut.EmbeddedHosting.State;

namespace FanOut.EmbeddedHosting.Running;

internal sealed class RedisRunner(RedisResource redis, string instance, RunnerContext context) : ProcessRunner(redis, instance, replica: 0, context)
{
    private string Volume => Context.Data.VolumeOf(redis.Name, redis.Annotations.OfType<DataVolumeAnnotation>().Any());

    protected override string TypeName => "Redis";

    protected override string? ConnectionString => redis.PrimaryEndpoint.IsAllocated ? redis.GetConnectionStringAsync().AsTask().GetAwaiter().GetResult() : null;

    public override void CheckPrerequisites() => _ = Server();

    protected override async Task<ProcessSpec> PrepareAsync(CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Volume);
        await FolderOccupants.EndAsync(Volume, StopSignal.Terminate, Context.Time, Context.Logger, cancellationToken);

        // A file, because everyone on the machine can read a command line.
        var settings = Path.Combine(Context.Data.Root, "config", $"{redis.Name}.conf");
        OwnerOnly.Write(settings, Settings());
        return new ProcessSpec(Instance, Server(), await Context.Environments.ArgumentsAsync(redis, [settings], cancellationToken))
        {
            WorkingDirectory = Volume,
            StopTimeout = Context.Options.StopTimeout,
        };
    }

    protected override async Task<string?> CheckHealthAsync(CancellationToken cancellationToken)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, redis.PrimaryEndpoint.Port, cancellationToken);
        await using var stream = new NetworkStream(socket);
        await stream.WriteAsync(Encoding.UTF8.GetBytes($"AUTH {redis.PasswordParameter!.Value}\r\nPING\r\n"), cancellationToken);
        using var reader = new StreamReader(stream);
        var login = await reader.ReadLineAsync(cancellationToken);
        var answer = login == "+OK" ? await reader.ReadLineAsync(cancellationToken) : login;
        return answer == "+PONG" ? null : $"PING answered {answer}";
    }

    private static string Server() =>
        Executables.Find("redis-server")
        ?? throw new DistributedApplicationException("redis-server was not found on PATH. Install it: apt-get install redis-server (Debian, Ubuntu), dnf install redis (Fedora), brew install redis (macOS).");

    private string Settings()
    {
        var snapshots = redis.Annotations.OfType<PersistenceAnnotation>().LastOrDefault() is { } persistence
            ? string.Create(CultureInfo.InvariantCulture, $"{(long)(persistence.Interval ?? TimeSpan.FromSeconds(60)).TotalSeconds} {persistence.KeysChangedThreshold}")
            : "\"\"";
        return $"""
            bind 127.0.0.1
            port {redis.PrimaryEndpoint.Port}
            protected-mode yes
            requirepass {redis.PasswordParameter!.Value}
            daemonize no
            dir "{Volume}"
            save {snapshots}

            """;
    }
}
