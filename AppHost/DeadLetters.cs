using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace FanOut.AppHost;

internal static class DeadLetters
{
    private const int MostPerPress = 1_000;

    /// <summary>A button on the reclaimer for after the fault is mended.</summary>
    public static IResourceBuilder<ProjectResource> WithRedriveCommand(this IResourceBuilder<ProjectResource> reclaimer) =>
        reclaimer.WithHttpCommand(
            "/dead-letters/redrive",
            "Redrive dead letters",
            commandName: "redrive-dead-letters",
            commandOptions: new()
            {
                Description = "Gives dead letters to their groups once more, the oldest first.",
                ConfirmationMessage = $"Give up to {MostPerPress} dead letters to their groups once more?",
                IconName = "ArrowRepeatAll",
                PrepareRequest = context =>
                {
                    context.Request.Content = JsonContent.Create(new JsonObject { ["by"] = "dashboard", ["all"] = true, ["limit"] = MostPerPress });
                    return Task.CompletedTask;
                },
            });
}
