using System.Collections.Concurrent;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;
using Xunit;

namespace FanOut.EmbeddedHosting.Tests;

/// <summary>The sample AppHost, started in this process through the testing builder, with two replicas of its first service.</summary>
public sealed class RunningSample : IAsyncLifetime
{
    private readonly CancellationTokenSource _watching = new();
    private Task _watch = Task.CompletedTask;

    public DistributedApplication App { get; private set; } = null!;

    public ConcurrentQueue<ResourceEvent> Events { get; } = [];

    public async ValueTask InitializeAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        var builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.SampleAppHost>(["--Replicas=2", "--EmbeddedHosting:RestartDelay=00:00:00.2"], limit.Token);
        App = await builder.BuildAsync(limit.Token);
        _watch = WatchAsync();
        await App.StartAsync(limit.Token);
        await App.ResourceNotifications.WaitForResourceHealthyAsync("second", limit.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await App.DisposeAsync();
        await _watching.CancelAsync();
        await _watch;
        _watching.Dispose();
    }

    public int PidOf(string resource) =>
        App.ResourceNotifications.TryGetCurrentState(resource, out var state) && state.Snapshot.Properties.FirstOrDefault(property => property.Name == "executable.pid") is { Value: int pid }
            ? pid
            : throw new InvalidOperationException($"{resource} does not run.");

    private async Task WatchAsync()
    {
        try
        {
            await foreach (var change in App.ResourceNotifications.WatchAsync(_watching.Token))
            {
                Events.Enqueue(change);
            }
        }
        catch (OperationCanceledException)
        {
        }
    }
}
