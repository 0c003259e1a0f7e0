using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;

namespace FanOut.AppHost;

internal static class DeadLetters
{
    /// <summary>Adds a command to the reclaimer that redrives dead letters after their cause has been fixed.</summary>
    public static IResourceBuilder<ProjectResource> WithRedriveCommand(this IResourceBuilder<ProjectResource> reclaimer) =>
        reclaimer.WithHttpCommand(
            "/dead-letters/redrive",
            "Redrive dead letters",
            commandName: "redrive-dead-letters",
            commandOptions: new()
            {
                Description = "Delivers all dead letters to their groups again.",
                ConfirmationMessage = "Deliver all dead letters to their groups again?",
                IconName = "ArrowRepeatAll",
                IconVariant = IconVariant.Regular,
                PrepareRequest = async context =>
                {
                    context.Request.Content = JsonContent.Create(new JsonObject { ["all"] = true });
                    await context.Services.GetRequiredService<DevelopmentKey>().AuthorizeAsync(context.Request, context.CancellationToken);
                },
            });
}
