using System.CommandLine;
using System.Diagnostics;
using Spectre.Console;

namespace FanOut.Cli.Running;

internal static class UpCommand
{
    private const int LogLines = 25;
    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(200);

    public static Command Create(Workspace workspace)
    {
        var detach = new Option<bool>("--detach", "-d") { Description = "Run in the background. Return when everything is healthy." };
        var fresh = new Option<bool>("--fresh") { Description = "Delete all data first." };
        var settings = new Argument<string[]>("settings") { Description = "Settings of the AppHost, such as --Replicas:webhook-worker=2." };
        var command = new Command("up", "Start Redis, PostgreSQL and every service.") { detach, fresh, settings };
        command.TreatUnmatchedTokensAsErrors = false;
        command.SetAction(async (arguments, cancellationToken) =>
        {
            if (await new AspireCli(workspace).FindAppHostAsync(cancellationToken) is not null)
            {
                if (!arguments.GetValue(fresh))
                {
                    Console.Out.WriteLine("Already running.");
                    StatusCommand.Show(await SystemStatus.ReadAsync(workspace, cancellationToken));
                    return 0;
                }

                await DownCommand.StopAsync(workspace, cancellationToken);
            }

            string[] run =
            [
                "run", "--project", workspace.AppHost, "-c", "Release", "--no-build", "--", $"--Fresh={arguments.GetValue(fresh)}",
                .. arguments.GetValue(settings)!, .. arguments.UnmatchedTokens,
            ];
            return await (arguments.GetValue(detach) ? StartAsync(workspace, run, cancellationToken) : RunAsync(workspace, run, cancellationToken));
        });
        return command;
    }

    /// <summary>What is behind '#' stays in the browser: no server logs the key.</summary>
    private static string SignInUrl(SystemStatus status) =>
        $"{new Uri(status.Url("stream-console")!).GetLeftPart(UriPartial.Authority)}/sign-in#{status.ApiKey()}";

    private static async Task<int> RunAsync(Workspace workspace, string[] arguments, CancellationToken cancellationToken)
    {
        using var host = Process.Start(new ProcessStartInfo(DotnetHost.Path, arguments))!;
        try
        {
            await host.WaitForExitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // Ctrl+C also reaches the AppHost, which then stops everything; SIGTERM does not.
            var aspire = new AspireCli(workspace);
            if (!host.HasExited && await aspire.FindAppHostAsync(CancellationToken.None) is not null)
            {
                await aspire.StopAsync(CancellationToken.None);
            }

            await host.WaitForExitAsync(CancellationToken.None);
        }

        return host.ExitCode;
    }

    private static async Task<int> StartAsync(Workspace workspace, string[] arguments, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(workspace.AppHostLog)!);
        // The log has the key of the dashboard, which shows every password.
        const string Script = """
            log=$1; shift
            rm -f "$log"; (umask 077; : >"$log")
            exec >"$log" 2>&1 </dev/null
            exec $(command -v setsid || command -v nohup) "$@"
            """;
        using var host = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", Script, "sh", workspace.AppHostLog, DotnetHost.Path, .. arguments]))!;
        var begun = TimeProvider.System.GetTimestamp();
        var status = new SystemStatus(null, []);
        var seen = new HashSet<string>();
        while (!status.IsHealthy)
        {
            if (host.HasExited || TimeProvider.System.GetElapsedTime(begun) > Timeout)
            {
                await Console.Error.WriteLineAsync(host.HasExited
                    ? $"The AppHost ended with code {host.ExitCode}."
                    : $"Not everything became healthy within {Timeout.TotalMinutes} minutes: see ./fanout status.");
                await Console.Error.WriteLineAsync($"The last lines of its log ({workspace.AppHostLog}):");
                await Console.Error.WriteLineAsync(string.Join('\n', File.ReadLines(workspace.AppHostLog).TakeLast(LogLines)));
                return 1;
            }

            await Task.Delay(PollInterval, TimeProvider.System, cancellationToken);
            try
            {
                status = await SystemStatus.ReadAsync(workspace, cancellationToken);
            }
            catch (InvalidOperationException)
            {
                // The AppHost does not answer yet, or has ended: the next turn tells.
                continue;
            }

            foreach (var resource in status.Resources.Where(resource => resource.IsReady && seen.Add(resource.Name)))
            {
                AnsiConsole.MarkupLineInterpolated($"[green]✓[/] {resource.Name}");
            }
        }

        Console.Out.WriteLine($"FanOut is up after {TimeProvider.System.GetElapsedTime(begun).TotalSeconds:F0} s.");
        Console.Out.WriteLine($"  Console    {SignInUrl(status)}");
        Console.Out.WriteLine($"  Dashboard  {status.Dashboard}");
        Console.Out.WriteLine($"  Order API  {status.Url("order-api")}");
        Console.Out.WriteLine($"  List orders, with the key of this system in development:");
        Console.Out.WriteLine($"  curl -s {status.Url("order-api")}/orders -H 'authorization: Bearer {status.ApiKey()}'");
        return 0;
    }
}
