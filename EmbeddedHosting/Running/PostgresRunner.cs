using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Aspire.Hosting.ApplicationModel;
using FanOut.EmbeddedHosting.Processes;
using FanOut.EmbeddedHosting.State;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace FanOut.EmbeddedHosting.Running;

internal sealed partial class PostgresRunner(PostgresServerResource server, string instance, RunnerContext context) : ProcessRunner(server, instance, replica: 0, context)
{
    protected override string TypeName => "Postgres";

    protected override string? ConnectionString => server.PrimaryEndpoint.IsAllocated ? server.ConnectionString : null;

    /// <summary>PostgreSQL refuses to run as root.</summary>
    private string? User => !OperatingSystem.IsWindows() && Environment.IsPrivilegedProcess ? Context.Options.PostgresUser : null;

    public override void CheckPrerequisites() => PostgresInstallation.Find();

    protected override async Task<ProcessSpec> PrepareAsync(CancellationToken cancellationToken)
    {
        var cluster = await ClusterFolderAsync(cancellationToken);
        var versionFile = Path.Combine(cluster, "PG_VERSION");
        if (!File.Exists(versionFile))
        {
            await CreateClusterAsync(cluster, cancellationToken);
        }

        await FolderOccupants.EndAsync(cluster, StopSignal.Interrupt, Context.Time, Context.Logger, cancellationToken);

        // Nobody is left in the folder, so the file is stale; its pid may by now belong to a process that PostgreSQL would take for a rival.
        File.Delete(Path.Combine(cluster, "postmaster.pid"));

        var version = (await File.ReadAllTextAsync(versionFile, cancellationToken)).Trim();
        string[] arguments =
        [
            "-D", cluster,
            "-p", server.PrimaryEndpoint.Port.ToString(CultureInfo.InvariantCulture),
            "-c", "listen_addresses=127.0.0.1",
            "-c", "unix_socket_directories=",
            "-c", "fsync=on",
            "-c", "max_connections=300",
        ];
        return new ProcessSpec(Instance, PostgresInstallation.Find(version).Postgres, await Context.Environments.ArgumentsAsync(server, arguments, cancellationToken))
        {
            WorkingDirectory = cluster,
            UserName = User,
            StopSignal = StopSignal.Interrupt,
            StopTimeout = Context.Options.StopTimeout,
        };
    }

    protected override async Task<string?> CheckHealthAsync(CancellationToken cancellationToken)
    {
        await using var connection = new NpgsqlConnection($"{server.ConnectionString};Database=postgres;Pooling=false;Timeout=3");
        await connection.OpenAsync(cancellationToken);
        return null;
    }

    /// <summary>The volume, or a folder under /var/lib when the user that PostgreSQL must run as cannot reach the volume (a clone in /root).</summary>
    private async Task<string> ClusterFolderAsync(CancellationToken cancellationToken)
    {
        var volume = Context.Data.VolumeOf(server.Name, server.Annotations.OfType<DataVolumeAnnotation>().Any());
        Directory.CreateDirectory(volume);
        if (User is null || await TryGiveAsync(volume, cancellationToken))
        {
            return Path.Combine(volume, "cluster");
        }

        var elsewhere = VolumeElsewhere(volume);
        Directory.CreateDirectory(elsewhere);
        if (!await TryGiveAsync(elsewhere, cancellationToken))
        {
            throw new InvalidOperationException($"User '{User}', as whom PostgreSQL must run, can write neither {volume} nor {elsewhere}. Check that the user exists (EmbeddedHosting:PostgresUser), or choose a folder it can reach with EmbeddedHosting:DataPath.");
        }

        Log.DataElsewhere(Context.Logger, User, volume, elsewhere);
        return Path.Combine(elsewhere, "cluster");
    }

    /// <summary>Where the data go when the volume cannot be used; also what a fresh start deletes.</summary>
    public static string VolumeElsewhere(string volume) =>
        Path.Combine("/var/lib/embedded-hosting", Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(volume)))[..16]);

    private async Task<bool> TryGiveAsync(string folder, CancellationToken cancellationToken)
    {
        var (given, _) = await ProcessLauncher.RunAsync(new ProcessSpec(Instance, "chown", [$"{User}:", folder]), cancellationToken);
        var (reached, _) = given == 0
            ? await ProcessLauncher.RunAsync(new ProcessSpec(Instance, "test", ["-w", folder]) { UserName = User }, cancellationToken)
            : (1, "");
        return reached == 0;
    }

    private async Task CreateClusterAsync(string cluster, CancellationToken cancellationToken)
    {
        Log.CreatingCluster(Context.Logger, cluster);

        // Made beside its place and moved there: a crash in between leaves no half cluster.
        var draft = cluster + ".new";
        if (Directory.Exists(draft))
        {
            Directory.Delete(draft, recursive: true);
        }

        var passwordFile = Path.Combine(Path.GetDirectoryName(cluster)!, "password");
        try
        {
            OwnerOnly.Write(passwordFile, server.PasswordParameter.Value);
            if (User is not null)
            {
                await ProcessLauncher.RunAsync(new ProcessSpec(Instance, "chown", [$"{User}:", passwordFile]), cancellationToken);
            }

            var (exitCode, output) = await ProcessLauncher.RunAsync(
                new ProcessSpec(
                    Instance,
                    PostgresInstallation.Find().Initdb,
                    ["-D", draft, $"--username={server.UserName}", $"--pwfile={passwordFile}", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--data-checksums"])
                {
                    UserName = User,
                    WorkingDirectory = Path.GetDirectoryName(cluster),
                },
                cancellationToken);
            if (exitCode != 0)
            {
                throw new InvalidOperationException($"initdb failed with code {exitCode}: {output}");
            }
        }
        finally
        {
            File.Delete(passwordFile);
        }

        Directory.Move(draft, cluster);
    }

    private static partial class Log
    {
        [LoggerMessage(7030, LogLevel.Information, "Creating a PostgreSQL cluster in {Folder}")]
        public static partial void CreatingCluster(ILogger logger, string folder);

        [LoggerMessage(7031, LogLevel.Information, "User '{User}' cannot reach {Folder}: PostgreSQL's data are kept in {Elsewhere}")]
        public static partial void DataElsewhere(ILogger logger, string user, string folder, string elsewhere);
    }
}
