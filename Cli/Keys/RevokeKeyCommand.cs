using System.CommandLine;
using System.Globalization;

namespace FanOut.Cli.Keys;

internal static class RevokeKeyCommand
{
    public static Command Create(Workspace workspace)
    {
        var id = new Argument<string>("id") { Description = "The id of the key: see ./fanout keys list." };
        var connection = KeyDatabase.Option();
        var command = new Command("revoke", "Revoke an API key. Every service refuses it within 10 seconds.") { id, connection };
        command.SetAction((arguments, cancellationToken) => KeyDatabase.UseAsync(
            workspace,
            arguments.GetValue(connection),
            async keys =>
            {
                // A whole key is accepted, and its secret is not repeated.
                var given = arguments.GetValue(id)!.Split('.')[0];
                if (await keys.RevokeAsync(given, cancellationToken) is not { } revoked)
                {
                    return await KeyDatabase.FailAsync($"There is no key {given}: see ./fanout keys list.");
                }

                Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{given} is revoked since {revoked:yyyy-MM-dd HH:mm:ss} (UTC)."));
                return 0;
            },
            cancellationToken));
        return command;
    }
}
