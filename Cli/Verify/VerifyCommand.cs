using System.CommandLine;
using System.Text.Json;
using FanOut.Contracts;
using Spectre.Console;

namespace FanOut.Cli.Verify;

internal static class VerifyCommand
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    public static Command Create(Workspace workspace)
    {
        var stream = new Option<string>("--stream")
        {
            Description = $"The stream (default {EventStreams.Orders}).",
            DefaultValueFactory = _ => EventStreams.Orders,
        };
        var wait = new Option<double>("--wait")
        {
            Description = "Wait up to this many seconds until every group has finished, then fail if one has not.",
        };
        var servers = new Servers();
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        wait.MustBe("0 to 86400 seconds", seconds => seconds is >= 0 and <= 86_400);
        var command = new Command("verify", "Compare orders, outbox, stream, groups and effects, event by event.")
        {
            stream, wait, json,
        };
        Array.ForEach(servers.All, command.Add);
        command.SetAction((arguments, cancellationToken) => servers.UseAsync(
            workspace,
            arguments,
            "fanout-verify",
            async (postgres, redis) =>
            {
                var limit = TimeSpan.FromSeconds(arguments.GetValue(wait));
                var verification = await VerifyAsync(new(redis, postgres), arguments.GetValue(stream)!, limit, cancellationToken);
                if (arguments.GetValue(json))
                {
                    Console.Out.WriteLine(JsonSerializer.Serialize(verification, VerifyJson.Default.SystemVerification));
                }
                else
                {
                    VerificationTable.Write(AnsiConsole.Console, verification);
                }

                return verification.IsExact && (verification.IsDrained || limit == TimeSpan.Zero) ? 0 : 1;
            },
            cancellationToken));
        return command;
    }

    private static async Task<SystemVerification> VerifyAsync(
        SystemVerifier verifier, string stream, TimeSpan wait, CancellationToken cancellationToken)
    {
        var time = TimeProvider.System;
        for (var begun = time.GetTimestamp(); ;)
        {
            var verification = await verifier.VerifyAsync(new(stream), cancellationToken);
            if ((verification.IsExact && verification.IsDrained) || time.GetElapsedTime(begun) >= wait)
            {
                return verification;
            }

            await Task.Delay(Pause, time, cancellationToken);
        }
    }
}
