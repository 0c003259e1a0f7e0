using System.CommandLine;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Text.RegularExpressions;
using FanOut.Contracts;
using FanOut.ServiceDefaults.Access;

namespace FanOut.Cli.Keys;

internal static partial class CreateKeyCommand
{
    private const int MaxDays = 3_650;

    private static readonly TextAttribute Name = new(ApiKeyRegistry.MaxNameLength) { IsName = true };

    private static readonly string Known = $"{string.Join(", ", Scopes.All)}, or '*' for all";

    public static Command Create(Workspace workspace)
    {
        var scope = new Option<string[]>("--scope")
        {
            Description = $"What the key may do: one or more of {Known}.",
            Required = true,
            AllowMultipleArgumentsPerToken = true,
        };
        var name = new Option<string>("--name")
        {
            Description = "Who uses the key: decisions are recorded under this name (default: your user name).",
            DefaultValueFactory = _ => Environment.UserName,
        };
        var owner = new Option<string>("--owner")
        {
            Description = $"The account that the key acts for (default {ApiKeyRegistry.DefaultOwner}). No account sees what belongs to another.",
            DefaultValueFactory = _ => ApiKeyRegistry.DefaultOwner,
        };
        var expires = new Option<string?>("--expires")
        {
            Description = "How long the key is valid, such as 90d, 12h or 30m (default: until it is revoked).",
        };
        var quiet = new Option<bool>("--quiet", "-q") { Description = "Print the key alone." };
        var connection = KeyDatabase.Option();
        scope.Validators.Add(result =>
        {
            foreach (var unknown in result.Tokens.Select(token => token.Value).Where(value => !Scopes.IsKnown(value)))
            {
                result.AddError($"There is no scope '{unknown}'. Known are {Known}.");
            }
        });
        MustBeName(name);
        MustBeName(owner);
        expires.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && Parse(token.Value) is null)
            {
                result.AddError($"--expires must be a number of days, hours or minutes, such as 90d, 12h or 30m, up to {MaxDays}d.");
            }
        });
        var command = new Command("create", "Create an API key, and print it. It is shown only once.")
        {
            scope, name, owner, expires, quiet, connection,
        };
        command.SetAction((arguments, cancellationToken) => KeyDatabase.UseAsync(
            workspace,
            arguments.GetValue(connection),
            async keys =>
            {
                var scopes = arguments.GetValue(scope)!.Distinct().ToArray();
                var expiresAt = arguments.GetValue(expires) is { } text ? TimeProvider.System.GetUtcNow() + Parse(text) : null;
                var key = await keys.CreateAsync(arguments.GetValue(name)!, arguments.GetValue(owner)!, scopes, expiresAt, cancellationToken);
                if (arguments.GetValue(quiet))
                {
                    Console.Out.WriteLine(key.Text);
                    return 0;
                }

                var until = expiresAt?.ToString("yyyy-MM-dd HH:mm '(UTC)'", CultureInfo.InvariantCulture) ?? "it is revoked";
                Console.Out.WriteLine(key.Text);
                Console.Out.WriteLine($"  It may: {string.Join(' ', scopes)}; it is valid until {until}.");
                Console.Out.WriteLine("  Keep it now: it is not shown again. Send it as 'Authorization: Bearer <key>'.");
                Console.Out.WriteLine($"  Revoke it with: ./fanout keys revoke {key.Id}");
                return 0;
            },
            cancellationToken));
        return command;
    }

    private static void MustBeName(Option<string> option) => option.Validators.Add(result =>
    {
        if (result.Tokens is [var token] && Name.GetValidationResult(token.Value, new ValidationContext(token.Value)) is { } wrong)
        {
            result.AddError($"{option.Name} {wrong.ErrorMessage}.");
        }
    });

    private static TimeSpan? Parse(string text)
    {
        if (Duration().Match(text) is not { Success: true } match)
        {
            return null;
        }

        var count = int.Parse(match.Groups["count"].Value, CultureInfo.InvariantCulture);
        var duration = match.Groups["unit"].Value switch
        {
            "d" => TimeSpan.FromDays(count),
            "h" => TimeSpan.FromHours(count),
            _ => TimeSpan.FromMinutes(count),
        };
        return duration > TimeSpan.Zero && duration <= TimeSpan.FromDays(MaxDays) ? duration : null;
    }

    [GeneratedRegex(@"^(?<count>[0-9]{1,7})(?<unit>[dhm])\z")]
    private static partial Regex Duration();
}
