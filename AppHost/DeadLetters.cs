using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace FanOut.AppHost;

internal static class DeadLetters
{
    private const int MaxPerRequest = 1_000;

    /// <summary>Adds a command to the reclaimer that redrives dead letters after their cause has been fixed.</summary>
    public static IResourceBuilder<ProjectResource> WithRedriveCommand(this IResourceBuilder<ProjectResource> reclaimer) =>
        reclaimer.WithHttpCommand(
            "/dead-letters/redrive",
            "Redrive dead letters",
            commandName: "redrive-dead-letters",
            commandOptions: new()
            {
                Description = "Delivers dead letters to their groups again, oldest first.",
                ConfirmationMessage = $"Deliver up to {MaxPerRequest} dead letters to their groups again?",
                IconName = "ArrowRepeatAll",
                IconVariant = IconVariant.Regular,
                PrepareRequest = context =>
                {
                    var body = new JsonObject { ["by"] = "dashboard", ["all"] = true, ["limit"] = MaxPerRequest };
                    context.Request.Content = JsonContent.Create(body);
                    return Task.CompletedTask;
                },
            });
}
