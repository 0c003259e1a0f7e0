using System.Diagnostics;
using FanOut.WebhookWorker;
using Xunit;

namespace FanOut.Services.Tests.WebhookWorker;

public sealed class CrashTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_delivery_of_a_killed_worker_is_sent_again_with_its_id()
    {
        var silent = true;
        await using var receiver = await Receiver.StartAsync((_, context) => Volatile.Read(ref silent)
            ? Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted)
            : Task.CompletedTask);
        await using var orders = await OrderStream.CreateAsync();
        Guid endpoint;
        await using (var setup = await Webhooks.StartOnAsync(orders))
        {
            endpoint = (await setup.SubscribeAsync(receiver)).Id;
        }

        Guid id;
        using (var doomed = Launch(orders))
        {
            try
            {
                id = await orders.PublishAsync();
                await receiver.HasAsync(1);
            }
            finally
            {
                doomed.Kill(entireProcessTree: true);
                await doomed.WaitForExitAsync(Cancellation);
            }
        }

        Volatile.Write(ref silent, false);
        await using var successor = await Webhooks.StartOnAsync(orders);
        var delivered = await successor.DeliveryIsAsync(endpoint, "delivered");

        Assert.Equal(id, delivered.EventId);
        Assert.Equal(1, delivered.Attempts);
        Assert.Equal([id, id], receiver.All.Select(received => received.Id));
        Assert.Equal(1, await successor.CountAsync("select count(*) from webhooks.effects"));
    }

    private static Process Launch(OrderStream orders)
    {
        var start = new ProcessStartInfo("dotnet")
        {
            WorkingDirectory = AppContext.BaseDirectory,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, $"{typeof(WebhookOptions).Assembly.GetName().Name}.dll"));
        start.ArgumentList.Add("--urls=http://127.0.0.1:0");
        foreach (var (key, value) in Webhooks.Settings(orders))
        {
            start.Environment[key.Replace(":", "__", StringComparison.Ordinal)] = value;
        }

        start.Environment["Webhooks__Timeout"] = "00:00:04";
        start.Environment["Webhooks__Lease"] = "00:00:05";
        var process = Process.Start(start)!;
        process.OutputDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }
}
