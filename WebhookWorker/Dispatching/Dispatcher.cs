using System.Collections.Concurrent;
using System.Threading.Channels;
using FanOut.ServiceDefaults.WorkQueues;
using Microsoft.Extensions.Options;

namespace FanOut.WebhookWorker.Dispatching;

/// <summary>
/// Claims due deliveries, POSTs them, and saves the outcome. At least once: after a crash between the POST and saving, the claim's
/// lease ends and the delivery is sent again with the same <c>webhook-id</c>.
/// </summary>
internal sealed partial class Dispatcher(
    DeliveryQueue queue,
    WebhookClient client,
    AttemptPolicy policy,
    DispatchSignal signal,
    WebhookMetrics metrics,
    IOptions<WebhookOptions> options,
    TimeProvider time,
    ILogger<Dispatcher> logger) : BackgroundService
{
    private const int MaxSettledAtOnce = 256;
    private static readonly TimeSpan ShutdownGrace = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan BetweenClaims = TimeSpan.FromMilliseconds(4);
    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan MaxDelay = TimeSpan.FromSeconds(15);

    private readonly EndpointSlots _slots = new(options.Value.ConcurrencyPerEndpoint);
    private readonly ConcurrentDictionary<long, Task> _underWay = new();
    private readonly Channel<Attempt> _ended = Channel.CreateUnbounded<Attempt>(new() { SingleReader = true });

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var breakOff = new CancellationTokenSource();
        using var giveUp = new CancellationTokenSource();
        var settling = SettleAsync(giveUp.Token);
        try
        {
            await ClaimAsync(breakOff.Token, stoppingToken);
        }
        finally
        {
            breakOff.CancelAfter(ShutdownGrace);
            await Task.WhenAll(_underWay.Values);
            _ended.Writer.Complete();
            giveUp.CancelAfter(ShutdownGrace);
            await settling;
        }
    }

    private async Task ClaimAsync(CancellationToken breakOff, CancellationToken stoppingToken)
    {
        var delay = FirstDelay;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                var claimed = await queue.ClaimAsync(_slots.All(), stoppingToken);
                foreach (var delivery in claimed)
                {
                    // Registered before it runs, or it could end before it is registered.
                    _slots.Take(delivery.EndpointId);
                    var start = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                    _underWay[delivery.Id] = SendAsync(delivery, start.Task, breakOff);
                    start.SetResult();
                }

                delay = FirstDelay;
                await signal.WaitAsync(options.Value.PollInterval, busy: claimed.Count > 0, stoppingToken);
                await Task.Delay(BetweenClaims, time, stoppingToken);
            }
            catch (Exception) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                Log.ClaimFailed(logger, delay, e);
                await Task.Delay(delay, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                delay = delay * 2 < MaxDelay ? delay * 2 : MaxDelay;
            }
        }
    }

    private async Task SendAsync(ClaimedDelivery delivery, Task start, CancellationToken breakOff)
    {
        await start;
        var began = time.GetTimestamp();
        Attempt attempt;
        try
        {
            attempt = policy.Judge(delivery, await client.PostAsync(delivery, breakOff));
        }
        catch (OperationCanceledException) when (breakOff.IsCancellationRequested)
        {
            attempt = new(delivery, AttemptResult.Released);
        }
        catch (Exception e)
        {
            // An unexpected error counts as an attempt: otherwise the delivery would stay claimed, or be sent forever.
            Log.AttemptFaulted(logger, delivery.Id, delivery.EndpointId, e);
            attempt = policy.Judge(delivery, new Answer(null, $"The attempt failed: {e.GetType().Name}.", e.GetType().Name));
        }

        var took = time.GetElapsedTime(began);
        TimeSpan? delay = attempt.Result == AttemptResult.Delivered ? time.GetUtcNow() - delivery.EffectedAt : null;
        metrics.Ended(attempt.IsGone ? "gone" : attempt.Result.ToString().ToLowerInvariant(), took, delay);
        if (attempt.Result == AttemptResult.Failed)
        {
            Log.DeliveryFailed(logger, delivery.Id, delivery.EventId, delivery.EndpointId, delivery.Attempts + 1, attempt.Reason ?? "");
        }
        else if (attempt.Result == AttemptResult.Postponed)
        {
            Log.DeliveryWaits(logger, delivery.Id, delivery.EndpointId, attempt.Reason ?? "");
        }

        _ended.Writer.TryWrite(attempt with { Took = took });
        _slots.Return(delivery.EndpointId, isQuickSuccess: attempt.Result == AttemptResult.Delivered && took < options.Value.Timeout / 4);
        _underWay.TryRemove(delivery.Id, out _);
        signal.Raise();
    }

    private async Task SettleAsync(CancellationToken giveUp)
    {
        var attempts = new List<Attempt>(MaxSettledAtOnce);
        while (await _ended.Reader.WaitToReadAsync(CancellationToken.None))
        {
            attempts.Clear();
            while (attempts.Count < MaxSettledAtOnce && _ended.Reader.TryRead(out var attempt))
            {
                attempts.Add(attempt);
            }

            await SettleAsync(attempts, giveUp);
        }
    }

    private async Task SettleAsync(List<Attempt> attempts, CancellationToken giveUp)
    {
        for (var delay = FirstDelay; ; delay = delay * 2 < MaxDelay ? delay * 2 : MaxDelay)
        {
            try
            {
                foreach (var (endpoint, because) in await queue.SettleAsync(attempts, giveUp))
                {
                    Log.EndpointDisabled(logger, endpoint, because);
                }

                return;
            }
            catch (OperationCanceledException) when (giveUp.IsCancellationRequested)
            {
                Log.NotSettled(logger, attempts.Count);
                return;
            }
            catch (Exception e)
            {
                Log.SettleFailed(logger, attempts.Count, delay, e);
                await Task.Delay(delay, time, giveUp).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(3001, LogLevel.Warning, "Due webhooks could not be claimed; retrying in {Delay}")]
        public static partial void ClaimFailed(ILogger logger, TimeSpan delay, Exception exception);

        [LoggerMessage(3002, LogLevel.Warning, "The outcome of {Count} attempts could not be saved; retrying in {Delay}")]
        public static partial void SettleFailed(ILogger logger, int count, TimeSpan delay, Exception exception);

        [LoggerMessage(
            3003,
            LogLevel.Warning,
            "Stopped before the outcome of {Count} attempts was saved. They are sent again with the same ids when their leases end")]
        public static partial void NotSettled(ILogger logger, int count);

        [LoggerMessage(3004, LogLevel.Error, "Delivery {Delivery} to endpoint {Endpoint} failed unexpectedly")]
        public static partial void AttemptFaulted(ILogger logger, long delivery, Guid endpoint, Exception exception);

        [LoggerMessage(3005, LogLevel.Warning, "Delivery {Delivery} of event {Event} to {Endpoint} failed after {Attempts} attempts: {Reason}")]
        public static partial void DeliveryFailed(ILogger logger, long delivery, Guid @event, Guid endpoint, int attempts, string reason);

        [LoggerMessage(3007, LogLevel.Error, "Delivery {Delivery} to endpoint {Endpoint} waits: {Reason}")]
        public static partial void DeliveryWaits(ILogger logger, long delivery, Guid endpoint, string reason);

        [LoggerMessage(3006, LogLevel.Warning, "Endpoint {Endpoint} is disabled: {Because}")]
        public static partial void EndpointDisabled(ILogger logger, Guid endpoint, string because);
    }
}
