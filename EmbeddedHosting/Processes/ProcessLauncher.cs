using System.Diagnostics;
using FanOut.EmbeddedHosting.Logging;

namespace FanOut.EmbeddedHosting.Processes;

internal sealed class ProcessLauncher(ProcessLedger ledger, ResourceConsole console, TimeProvider time)
{
    private static readonly Lazy<string?> Setsid = new(() => OperatingSystem.IsWindows() ? null : Executables.Find("setsid"));
    private static readonly Lazy<string?> Setpriv = new(() => OperatingSystem.IsWindows() ? null : Executables.Find("setpriv"));

    /// <summary>What the host sets for itself and its children must not inherit.</summary>
    private static readonly string[] NotInherited =
        ["ASPNETCORE_URLS", "ASPNETCORE_HTTP_PORTS", "ASPNETCORE_HTTPS_PORTS", "HTTP_PORTS", "HTTPS_PORTS", "URLS", "DOTNET_LAUNCH_PROFILE", "MSBuildSDKsPath", "MSBUILD_EXE_PATH", "MSBuildExtensionsPath"];

    /// <summary>Starts a process in a session of its own, so that Ctrl+C in the terminal reaches the host alone and the order of stopping stays its own.</summary>
    public ManagedProcess Start(ProcessSpec spec)
    {
        string[] command = [.. Wrapper(spec), spec.FileName, .. spec.Arguments];
        var start = new ProcessStartInfo(command[0], command[1..])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = spec.WorkingDirectory ?? "",
        };
        foreach (var name in NotInherited)
        {
            start.Environment.Remove(name);
        }

        foreach (var (name, value) in spec.Environment)
        {
            start.Environment[name] = value;
        }

        var managed = new ManagedProcess(spec, new Process { StartInfo = start, EnableRaisingEvents = true }, Setsid.Value is not null, time);
        managed.Start(line => console.WriteLine(spec.Name, line));
        ledger.Add(managed);
        _ = managed.Exited.ContinueWith(_ => ledger.Remove(managed.Pid), TaskScheduler.Default);
        return managed;
    }

    /// <summary>Runs a tool to its end; its output is in the result.</summary>
    public static async Task<(int ExitCode, string Output)> RunAsync(ProcessSpec spec, CancellationToken cancellationToken)
    {
        string[] command = [.. AsUser(spec), spec.FileName, .. spec.Arguments];
        using var process = new Process
        {
            StartInfo = new ProcessStartInfo(command[0], command[1..])
            {
                UseShellExecute = false,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                WorkingDirectory = spec.WorkingDirectory ?? "",
            },
        };
        process.Start();
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
            var errors = process.StandardError.ReadToEndAsync(cancellationToken);
            await process.WaitForExitAsync(cancellationToken);
            return (process.ExitCode, $"{await output}{await errors}".Trim());
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }

    private static IEnumerable<string> Wrapper(ProcessSpec spec) => Setsid.Value is { } setsid ? [setsid, .. AsUser(spec)] : AsUser(spec);

    private static IEnumerable<string> AsUser(ProcessSpec spec) =>
        spec.UserName is not { } user ? []
        : Setpriv.Value is { } setpriv ? [setpriv, $"--reuid={user}", $"--regid={user}", "--init-groups", "--"]
        : throw new InvalidOperationException($"'{spec.Name}' must not run as root, and the program 'setpriv' (package util-linux) that would run it as '{user}' was not found. Install it, or start the AppHost as another user than root.");
}
