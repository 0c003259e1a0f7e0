using System.Text.Json;
using FanOut.Cli.Running;
using FanOut.Contracts.Operations;
using Refit;
using Spectre.Console;

namespace FanOut.Cli.DeadLetters;

/// <summary>Calls the reclaimer's HTTP API, and prints its errors.</summary>
internal static class OperationsClient
{
    public static async Task<int> CallAsync(Workspace workspace, Func<IOperationsApi, Task<int>> action, CancellationToken cancellationToken)
    {
        var status = await SystemStatus.ReadAsync(workspace, cancellationToken);
        if (status.Url("reclaimer") is not { } address)
        {
            AnsiConsole.MarkupLine("[red]The system is not running.[/] Start it first: [bold]./fanout up --detach[/]");
            return 1;
        }

        using var http = new HttpClient { BaseAddress = new Uri(address), Timeout = Timeout.InfiniteTimeSpan };
        http.DefaultRequestHeaders.Authorization = new("Bearer", status.ApiKey());
        try
        {
            var settings = new RefitSettings(new SystemTextJsonContentSerializer(OperationsJson.Default.Options));
            return await action(RestService.For<IOperationsApi>(http, settings));
        }
        catch (ApiException e)
        {
            Refused(e);
            return 1;
        }
        catch (ApiRequestException e) when (!cancellationToken.IsCancellationRequested)
        {
            AnsiConsole.MarkupLineInterpolated($"[red]The reclaimer at {address} does not answer:[/] {e.InnerException?.Message ?? e.Message}");
            return 1;
        }
    }

    private static void Refused(ApiException exception)
    {
        try
        {
            using var problem = JsonDocument.Parse(exception.Content ?? "");
            var title = Text(problem.RootElement, "title") ?? exception.Message;
            AnsiConsole.MarkupLineInterpolated($"[red]{title}[/] {Text(problem.RootElement, "detail") ?? ""}");
            if (problem.RootElement.TryGetProperty("errors", out var errors) && errors.ValueKind == JsonValueKind.Object)
            {
                foreach (var error in errors.EnumerateObject())
                {
                    var messages = error.Value.EnumerateArray().Select(message => message.GetString());
                    AnsiConsole.MarkupLineInterpolated($"  {error.Name}: {string.Join("; ", messages)}");
                }
            }
        }
        catch (JsonException)
        {
            AnsiConsole.MarkupLineInterpolated($"[red]The reclaimer answered {(int)exception.StatusCode}.[/]");
        }
    }

    private static string? Text(JsonElement problem, string name) =>
        problem.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
