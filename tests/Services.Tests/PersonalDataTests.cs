using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using FanOut.AnalyticsWorker.Revenue;
using FanOut.Contracts.Webhooks;
using FanOut.NotificationWorker;
using FanOut.OrderApi.Placing;
using FanOut.Reclaimer;
using FanOut.Services.Tests.NotificationWorker;
using FanOut.Services.Tests.OrderApi;
using FanOut.Services.Tests.ServiceDefaults;
using FanOut.Services.Tests.WebhookWorker;
using FanOut.TestServers;
using FanOut.WebhookWorker;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace FanOut.Services.Tests;

/// <summary>All services at work on orders whose personal data can be searched for.</summary>
public sealed class PersonalDataTests
{
    private const string Marker = "Zaphod-4711";
    private const string Secret = "whsec_QmVlYmxlYnJveC1zZWNyZXQtNDcxMS1tYXJrZXIh";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task No_personal_data_and_no_secret_is_in_logs_spans_metrics_and_error_answers()
    {
        var logs = new AllLogs();
        var spans = new ConcurrentQueue<string>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = _ => true,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = activity =>
            {
                if (!IsOfReceiver(activity))
                {
                    spans.Enqueue(Text(activity));
                }
            },
        };
        ActivitySource.AddActivityListener(listener);
        await using var database = await (await PostgresServer.SharedAsync()).CreateDatabaseAsync(cancellationToken: Cancellation);
        var redis = (await RedisServer.SharedAsync()).NewDatabase();
        await using var smtp = SmtpSink.Start();
        smtp.Script = command => command.StartsWith("RCPT", StringComparison.OrdinalIgnoreCase) ? $"550 5.1.1 unknown: {command}" : null;
        await using var receiver = await Receiver.StartAsync(async (received, context) =>
        {
            context.Response.StatusCode = StatusCodes.Status500InternalServerError;
            await context.Response.Body.WriteAsync(received.Body, context.RequestAborted);
        });
        await using var orders = await StartAsync<OrderWriter>();
        await using var analytics = await StartAsync<RevenueHandler>();
        await using var notifications = await StartAsync<NotificationOptions>();
        await using var webhooks = await StartAsync<WebhookOptions>();
        await using var reclaimer = await StartAsync<UnavailableFilter>();
        HttpClient[] services = [orders.Http, analytics.Http, notifications.Http, webhooks.Http, reclaimer.Http];

        // What Postgres says of a row that it refuses has the row.
        await ExecuteAsync("alter table analytics.order_effect add constraint refuse check (subject = '')");
        await ExecuteAsync($"alter table notifications.emails add constraint refuse check (recipient not like '%refused%')");
        var created = await webhooks.Http.PostAsJsonAsync(
            "/endpoints", new CreateEndpoint($"{receiver.Url}/{Marker}-token?key={Marker}", Secret: Secret), Cancellation);
        Assert.Equal(HttpStatusCode.Created, created.StatusCode);
        foreach (var email in new[] { $"{Marker}@example.com", $"{Marker}-refused@example.com" })
        {
            Assert.Equal(HttpStatusCode.Created, (await PostAsync(Order(email).ToJsonString())).StatusCode);
        }

        string[] answers =
        [
            await BodyAsync(await PostAsync(Order($"{Marker} at example.com").ToJsonString())),
            await BodyAsync(await PostAsync(Order("a@example.com").ToJsonString().Replace("\"currency\"", $"{Marker} ", StringComparison.Ordinal))),
            await BodyAsync(await PostAsync($"{{\"customer\":\"{Marker}\"}}")),
            await BodyAsync(await PostAsync($"{Marker}")),
            await RefusedAsync("/endpoints", new CreateEndpoint("https://169.254.169.254/", Secret: Secret)),
            await RefusedAsync($"/endpoints/{Guid.NewGuid()}/secret", new RotateSecret(Secret)),
            await RefusedAsync("/endpoints", new CreateEndpoint("https://8.8.8.8/", Secret: $"{Secret}{Marker}")),
        ];
        await Eventually.BecomesTrueAsync(
            async () => await CountAsync("webhooks.deliveries where state = 'failed'") == 2
                && await CountAsync("notifications.emails where state = 'failed'") == 1
                && await CountAsync("bus.retry where state = 'dead'") == 3);
        var metrics = await Task.WhenAll(services.Select(http => http.GetStringAsync(new Uri("/metrics", UriKind.Relative), Cancellation)));
        string[] seen = [.. logs.Entries, .. spans, .. metrics, .. answers];

        // What an owner or operator has to see is kept where only they see it.
        Assert.Equal(2, await CountAsync($"webhooks.deliveries where last_error like '%{Marker}%'"));
        Assert.Equal(1, await CountAsync($"notifications.emails where last_error like '%{Marker}%'"));
        Assert.Contains(logs.Entries, entry => entry.Contains("HTTP 500", StringComparison.Ordinal));
        Assert.Contains(logs.Entries, entry => entry.Contains("550 (RecipientNotAccepted)", StringComparison.Ordinal));
        Assert.Contains(logs.Entries, entry => entry.Contains("23514", StringComparison.Ordinal));
        Assert.Contains(spans, span => span.StartsWith("deliver order.placed", StringComparison.Ordinal));
        foreach (var marker in new[] { Marker, Secret["whsec_".Length..], "Beeblebrox" })
        {
            Assert.Empty(seen.FirstOrDefault(text => text.Contains(marker, StringComparison.OrdinalIgnoreCase), ""));
        }

        Assert.Equal(0, await CountAsync($"bus.retry where error ilike '%{Marker}%'"));

        Task<ServiceHost<T>> StartAsync<T>()
            where T : class => ServiceHost<T>.StartAsync(
            new Dictionary<string, string>
            {
                ["ConnectionStrings:fanout"] = database.ConnectionString,
                ["ConnectionStrings:redis"] = redis,
                ["Logging:LogLevel:FanOut"] = "Debug",
                ["EventBus:Consumer:Lanes"] = "1",
                ["EventBus:Consumer:RetryDelays:0"] = "00:00:00.1",
                ["EventBus:Consumer:RetryDelays:1"] = "00:00:00.1",
                ["EventBus:Consumer:RetryDelays:2"] = "00:00:00.1",
                ["EventBus:Reclaimer:Interval"] = "00:00:00.1",
                ["Webhooks:AllowPrivateNetworks"] = "true",
                ["Webhooks:RetrySchedule:0"] = "00:00:00.05",
                ["Webhooks:PollInterval"] = "00:00:00.2",
                ["Notifications:PollInterval"] = "00:00:00.1",
                ["Smtp:Host"] = "127.0.0.1",
                ["Smtp:Port"] = $"{smtp.Port}",
                ["Smtp:Security"] = "None",
            },
            database,
            logs,
            Cancellation);

        async Task<string> RefusedAsync<T>(string path, T body) => await BodyAsync(await webhooks.Http.PostAsJsonAsync(path, body, Cancellation));

        Task<HttpResponseMessage> PostAsync(string body) =>
            orders.Http.PostAsync(new Uri("/orders", UriKind.Relative), OrderApiFixture.Json(body), Cancellation);

        async Task ExecuteAsync(string sql)
        {
            await using var command = database.DataSource.CreateCommand(sql);
            await command.ExecuteNonQueryAsync(Cancellation);
        }

        async Task<long> CountAsync(string rows)
        {
            await using var command = database.DataSource.CreateCommand($"select count(*) from {rows}");
            return (long)(await command.ExecuteScalarAsync(Cancellation))!;
        }
    }

    private static JsonObject Order(string email)
    {
        var order = OrderApiFixture.NewOrder();
        order["customer"] = new JsonObject { ["id"] = $"{Marker}-id", ["name"] = "Beeblebrox", ["email"] = email };
        return order;
    }

    private static async Task<string> BodyAsync(HttpResponseMessage answer)
    {
        Assert.InRange((int)answer.StatusCode, 400, 499);
        return await answer.Content.ReadAsStringAsync(Cancellation);
    }

    private static bool IsOfReceiver(Activity activity) =>
        activity.Kind == ActivityKind.Server && activity.GetTagItem("user_agent.original") is "FanOut-Webhooks/1";

    private static string Text(Activity activity) => string.Join(
        ' ',
        [
            activity.DisplayName, activity.StatusDescription, .. activity.TagObjects.Select(tag => $"{tag.Key}={tag.Value}"),
            .. activity.Events.SelectMany(one => one.Tags.Select(tag => $"{tag.Key}={tag.Value}")), .. activity.Baggage.Select(item => $"{item}"),
        ]);
}
