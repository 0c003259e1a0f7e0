using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using FanOut.EndToEnd.Tests.Running;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace FanOut.EndToEnd.Tests;

public sealed class ConfigurationTests
{
    private static readonly Dictionary<string, (string Variable, string Value, string Message)> Wrong = new()
    {
        ["order-api"] = ("EventBus__Outbox__BatchSize", "0", "EventBus:Outbox:BatchSize must be 1 to 20000 events."),
        ["webhook-worker"] = ("Webhooks__Lease", "00:00:01", "Webhooks:Lease is 00:00:01, but must be 00:00:21 to 01:00:00."),
        ["analytics-worker"] = (
            "EventBus__Consumer__PauseAbove",
            "10",
            "EventBus:Consumer:PauseAbove is 10, but must be more than 2 x Lanes x BatchSize = 4000"),
        ["notification-worker"] = ("Smtp__From", "nobody", "Smtp:From is 'nobody', but must be an e-mail address"),
        ["reclaimer"] = (
            "EventBus__Reclaimer__Interval", "00:00:00", "EventBus:Reclaimer:Interval must be from 00:00:00.0100000 to 00:01:00."),
    };

    [Fact]
    public async Task An_invalid_setting_stops_the_start_and_names_its_key()
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromMinutes(3));
        var folder = RunningSystem.FolderOf("misconfigured");
        await using var app = await RunningSystem.BuildAsync(
            folder,
            service =>
            {
                if (Wrong.TryGetValue(service.Resource.Name, out var setting))
                {
                    service.WithEnvironment(setting.Variable, setting.Value);
                }
            },
            [],
            limit.Token);
        await app.StartAsync(limit.Token);

        await Task.WhenAll(Wrong.Select(async service =>
        {
            await WaitForLogAsync(app, service.Key, service.Value.Message, limit.Token);
            await app.ResourceNotifications.WaitForResourceAsync(service.Key, change => change.Snapshot.ExitCode is not null and not 0, limit.Token);
        }));
        await app.StopAsync(limit.Token);
        RunningSystem.DeleteData(folder);
    }

    [Fact]
    public async Task A_second_AppHost_on_the_same_data_is_refused()
    {
        var cancelled = TestContext.Current.CancellationToken;
        var folder = RunningSystem.FolderOf("first");
        var data = RunningSystem.DataFolderIn(folder);
        await using var first = await RunningSystem.BuildAsync(folder, _ => { }, [], cancelled);
        await first.StartAsync(cancelled);
        await using var second = await RunningSystem.BuildAsync(RunningSystem.FolderOf("second"), _ => { }, [$"--DataPath={data}"], cancelled);

        var failure = await Assert.ThrowsAnyAsync<Exception>(() => second.StartAsync(cancelled));

        Assert.Contains($"Another AppHost uses the data folder {data}. Stop it (./fanout down)", failure.ToString(), StringComparison.Ordinal);
        await first.ResourceNotifications.WaitForResourceHealthyAsync("order-api", cancelled);
        await first.StopAsync(cancelled);
        RunningSystem.DeleteData(folder);
    }

    private static async Task WaitForLogAsync(DistributedApplication app, string service, string message, CancellationToken cancellationToken)
    {
        var lines = new List<string>();
        try
        {
            var resource = app.Services.GetRequiredService<DistributedApplicationModel>().Resources.Single(resource => resource.Name == service);
            var logs = app.Services.GetRequiredService<ResourceLoggerService>().WatchAsync(resource);
            await foreach (var batch in logs.WithCancellation(cancellationToken))
            {
                lines.AddRange(batch.Select(line => line.Content));
                if (lines.Exists(line => line.Contains(message, StringComparison.Ordinal)))
                {
                    return;
                }
            }
        }
        catch (OperationCanceledException) when (!TestContext.Current.CancellationToken.IsCancellationRequested)
        {
            // Reported below.
        }

        Assert.Fail($"{service} did not log '{message}', but:\n{string.Join('\n', lines)}");
    }
}
