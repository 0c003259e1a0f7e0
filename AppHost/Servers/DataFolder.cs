using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace FanOut.AppHost.Servers;

/// <summary>
/// The folder of the local servers' data and passwords: <c>.data</c> in the clone, or the setting <c>DataPath</c>. For root it is below
/// /var/lib/fanout if that folder is closed to other users. A running AppHost locks it. <c>--Fresh=true</c> deletes the data first.
/// </summary>
internal sealed class DataFolder(string path)
{
    private const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    public string this[string name] => Path.Combine(path, name);

    public static DataFolder Of(IDistributedApplicationBuilder builder)
    {
        var wanted = Path.GetFullPath(builder.Configuration["DataPath"] ?? "../.data", builder.AppHostDirectory);
        var data = new DataFolder(CanOthersEnter(wanted) ? wanted : Elsewhere(wanted));
        builder.Eventing.Subscribe<BeforeStartEvent>((start, _) =>
        {
            var locked = data.Lock();
            start.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopped.Register(locked.Dispose);
            if (builder.Configuration.GetValue("Fresh", false))
            {
                data.Clear();
            }

            return Task.CompletedTask;
        });
        return data;
    }

    /// <summary>Reads a password, or creates it. It is kept with the data, because a Postgres cluster keeps its first password.</summary>
    public string Password(string name, int length = 24)
    {
        var file = this[name];
        if (!File.Exists(file))
        {
            var draft = file + ".new";
            var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            }

            using (var writer = new StreamWriter(draft, options))
            {
                writer.Write(RandomNumberGenerator.GetString("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", length));
            }

            File.Move(draft, file);
        }

        return File.ReadAllText(file);
    }

    private FileStream Lock()
    {
        if (!Directory.Exists(path))
        {
            Directory.CreateDirectory(path);
            if (!OperatingSystem.IsWindows())
            {
                // The user that runs Postgres must be able to enter the folder. Others cannot list it.
                File.SetUnixFileMode(path, Owner | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
            }
        }

        try
        {
            return new FileStream(this["lock"], FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException exception) when (File.Exists(this["lock"]))
        {
            throw new DistributedApplicationException(
                $"Another AppHost uses the data folder {path}. Stop it (./fanout down), or use another folder: --DataPath=<folder>.", exception);
        }
    }

    /// <summary>Deletes what the servers have written, and nothing else that may be in the folder.</summary>
    private void Clear()
    {
        foreach (var service in ServiceAccount.Services)
        {
            File.Delete(this[ServiceAccount.PasswordName(service)]);
        }

        foreach (var server in new[] { "redis", "postgres" })
        {
            File.Delete(this[$"{server}-password"]);
            if (Directory.Exists(this[server]))
            {
                Directory.Delete(this[server], recursive: true);
            }
        }
    }

    /// <summary>Postgres refuses to run as root, so root runs it as the user <c>postgres</c>, which cannot enter a clone below /root.</summary>
    private static bool CanOthersEnter(string folder)
    {
        if (OperatingSystem.IsWindows() || !Environment.IsPrivilegedProcess)
        {
            return true;
        }

        for (var parent = folder; parent is not null; parent = Path.GetDirectoryName(parent))
        {
            if (Directory.Exists(parent) && !File.GetUnixFileMode(parent).HasFlag(UnixFileMode.OtherExecute))
            {
                return false;
            }
        }

        return true;
    }

    private static string Elsewhere(string folder) =>
        Path.Combine("/var/lib/fanout", Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(folder)))[..16]);
}
