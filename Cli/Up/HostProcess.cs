using System.Diagnostics;
using FanOut.EmbeddedHosting.State;

namespace FanOut.Cli.Up;

internal static class HostProcess
{
    private const int LinesShown = 25;

    private static Process? _detached;

    /// <summary>Runs the AppHost in this terminal until it ends.</summary>
    public static async Task<int> RunAttachedAsync(Workspace workspace, string[] settings, CancellationToken cancellationToken)
    {
        using var host = Process.Start(new ProcessStartInfo(DotnetHost.Path, [workspace.AppHost, .. settings]) { UseShellExecute = false })!;
        try
        {
            await host.WaitForExitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // Ctrl+C reaches the AppHost by itself, a signal to this process does not.
            await RunningHost.StopAsync(workspace.DataPath, TimeProvider.System, CancellationToken.None);
            await host.WaitForExitAsync(CancellationToken.None);
        }

        return host.ExitCode;
    }

    /// <summary>In a session of its own, without a terminal: it outlives this one.</summary>
    public static void StartDetached(Workspace workspace, string[] settings)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(workspace.HostOutput)!);
        const string Script = "out=$1; shift; exec >\"$out\" 2>&1 </dev/null; if command -v setsid >/dev/null; then exec setsid \"$@\"; else exec nohup \"$@\"; fi";
        _detached = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", Script, "sh", workspace.HostOutput, DotnetHost.Path, workspace.AppHost, .. settings]) { UseShellExecute = false });
    }

    /// <summary>Settings in variables such as <c>Ports__order-api</c>, as arguments: many a shell drops variables with names that it cannot have itself.</summary>
    public static IEnumerable<string> SettingsThatShellsDrop() =>
        Environment.GetEnvironmentVariables().Cast<System.Collections.DictionaryEntry>()
            .Select(variable => (Name: (string)variable.Key, variable.Value))
            .Where(variable => variable.Name.Contains('-') && variable.Name.Contains("__", StringComparison.Ordinal))
            .Select(variable => $"--{variable.Name.Replace("__", ":", StringComparison.Ordinal)}={variable.Value}");

    public static bool HasEnded() => _detached?.HasExited ?? false;

    public static string LastOutput(Workspace workspace) =>
        File.Exists(workspace.HostOutput) ? string.Join('\n', File.ReadLines(workspace.HostOutput).TakeLast(LinesShown)) : "(none)";
}
