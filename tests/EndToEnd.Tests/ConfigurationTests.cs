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
        ["analytics-worker"] = ("EventBus__Consumer__PauseAbove", "10", "EventBus:Consumer:PauseAbove is 10, but must be more than 2 x Replicas x Lanes x BatchSize = 8000: raise it, or lower one of the others."),
        ["notification-worker"] = ("Smtp__From", "nobody", "Smtp:From is 'nobody', but must be an e-mail address"),
        ["reclaimer"] = ("EventBus__Stream", "", "EventBus:Stream is missing: set it to the name of the event stream"),
    };

    [Fact]
    public async Task A_wrong_setting_stops_each_service_s_start_with_a_message_that_names_its_key()
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromMinutes(1));
        var folder = RunningSystem.FolderOf("misconfigured");
        await using var app = await RunningSystem.BuildAsync(
            folder,
            service => service.WithEnvironment(Wrong[service.Resource.Name].Variable, Wrong[service.Resource.Name].Value),
            [],
            limit.Token);
        await app.StartAsync(limit.Token);

        await Task.WhenAll(Wrong.Select(async service =>
        {
            await SaysAsync(app, service.Key, service.Value.Message, limit.Token);
            await app.ResourceNotifications.WaitForResourceAsync(service.Key, change => change.Snapshot.ExitCode is not null and not 0, limit.Token);
        }));
        await app.StopAsync(limit.Token);
        RunningSystem.DeleteData(folder);
    }

    [Fact]
    public async Task A_second_AppHost_on_the_same_data_is_refused_and_the_first_goes_on()
    {
        var folder = RunningSystem.FolderOf("contested");
        await using var first = await RunningSystem.BuildAsync(folder, _ => { }, [], TestContext.Current.CancellationToken);
        await first.StartAsync(TestContext.Current.CancellationToken);
        await using var second = await RunningSystem.BuildAsync(RunningSystem.FolderOf("contender"), _ => { }, [$"--DataPath={RunningSystem.DataFolderIn(folder)}"], TestContext.Current.CancellationToken);

        var failure = await Assert.ThrowsAnyAsync<Exception>(() => second.StartAsync(TestContext.Current.CancellationToken));

        Assert.Contains($"Another AppHost uses the data folder {RunningSystem.DataFolderIn(folder)}. Stop it (./fanout down)", failure.ToString(), StringComparison.Ordinal);
        await first.ResourceNotifications.WaitForResourceHealthyAsync("order-api", TestContext.Current.CancellationToken);
        await first.StopAsync(TestContext.Current.CancellationToken);
        RunningSystem.DeleteData(folder);
    }

    private static async Task SaysAsync(DistributedApplication app, string service, string message, CancellationToken cancellationToken)
    {
        var said = new List<string>();
        try
        {
            var resource = app.Services.GetRequiredService<DistributedApplicationModel>().Resources.Single(resource => resource.Name == service);
            await foreach (var lines in app.Services.GetRequiredService<ResourceLoggerService>().WatchAsync(resource).WithCancellation(cancellationToken))
            {
                said.AddRange(lines.Select(line => line.Content));
                if (said.Exists(line => line.Contains(message, StringComparison.Ordinal)))
                {
                    return;
                }
            }
        }
        catch (OperationCanceledException) when (!TestContext.Current.CancellationToken.IsCancellationRequested)
        {
            // Told below.
        }

        Assert.Fail($"{service} did not say '{message}', but:\n{string.Join('\n', said)}");
    }
}
