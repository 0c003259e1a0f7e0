using System.Diagnostics;
using System.Text.Json;
using FanOut.Contracts;
using FanOut.NotificationWorker.Emails;
using FanOut.ServiceDefaults.WorkQueues;
using Microsoft.Extensions.Options;
using MimeKit;
using Npgsql;

namespace FanOut.NotificationWorker.Sending;

/// <summary>
/// Claims due mails, sends them, and saves the outcome. At least once: after a crash between sending and saving, the claim's lease
/// ends and the mail is sent again with the same <c>Message-Id</c>.
/// </summary>
internal sealed partial class Dispatcher(
    EmailQueue queue,
    OrderConfirmation confirmation,
    MailSessionFactory sessions,
    DispatchSignal signal,
    NotificationMetrics metrics,
    IOptions<NotificationOptions> options,
    TimeProvider time,
    ILogger<Dispatcher> logger) : BackgroundService
{
    private const int PerSession = 16;
    private const double Jitter = 0.2;
    private const int MaxErrorLength = 500;
    private static readonly ActivitySource Source = new("FanOut.NotificationWorker");
    private static readonly TimeSpan ShutdownGrace = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan MaxDelay = TimeSpan.FromMinutes(1);

    private TimeSpan _delay = FirstDelay;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var open = sessions.Create();
        using var breakOff = new CancellationTokenSource();
        await using var stopping = stoppingToken.Register(() => breakOff.CancelAfter(ShutdownGrace));
        try
        {
            while (!stoppingToken.IsCancellationRequested)
            {
                await DispatchAsync(open, breakOff.Token, stoppingToken);
            }
        }
        catch (Exception e) when (stoppingToken.IsCancellationRequested)
        {
            // What was not saved is due again when its lease ends.
            Log.Stopped(logger, e.Message);
        }
        finally
        {
            foreach (var session in open)
            {
                await session.DisposeAsync();
            }
        }
    }

    private async Task DispatchAsync(IMailSession[] open, CancellationToken breakOff, CancellationToken stoppingToken)
    {
        try
        {
            var claimed = await queue.ClaimAsync(open.Length * PerSession, stoppingToken);
            if (claimed.Count == 0)
            {
                await Task.WhenAll(open.Select(session => session.RestAsync(stoppingToken)));
                await signal.WaitAsync(options.Value.PollInterval, busy: false, stoppingToken);
                return;
            }

            var until = time.GetUtcNow() + (options.Value.Lease / 2);
            var shares = claimed.Chunk((claimed.Count + open.Length - 1) / open.Length);
            await Task.WhenAll(shares.Select((share, i) => SendAsync(open[i], share, until, breakOff, stoppingToken)));
            _delay = FirstDelay;
        }
        catch (Exception e) when (!stoppingToken.IsCancellationRequested)
        {
            if (e is MailServerAwayException)
            {
                Log.ServerAway(logger, e.Message, _delay);
            }
            else
            {
                Log.QueueFailed(logger, _delay, e);
            }

            await Task.Delay(_delay, time, stoppingToken);
            _delay = _delay * 2 < MaxDelay ? _delay * 2 : MaxDelay;
        }
    }

    private async Task SendAsync(
        IMailSession session, ClaimedEmail[] share, DateTimeOffset until, CancellationToken breakOff, CancellationToken stoppingToken)
    {
        var unsettled = new List<Outcome>(share.Length);
        var next = 0;
        try
        {
            // Mails are begun only in the first half of the lease: the second half is for finishing.
            for (; next < share.Length && time.GetUtcNow() < until && !stoppingToken.IsCancellationRequested; next++)
            {
                unsettled.Add(await SendAsync(session, share[next], breakOff));
                if (session.RepeatsShow)
                {
                    await SettleAsync(unsettled, until, breakOff);
                    unsettled.Clear();
                }
            }
        }
        finally
        {
            var released = share[next..].Except(unsettled.Select(outcome => outcome.Email)).Select(email => new Outcome(email, SendResult.Released));
            unsettled.AddRange([.. released]);
            if (unsettled.Count > 0)
            {
                await SettleAsync(unsettled, until, breakOff);
            }
        }
    }

    // A mail that is not marked as sent is sent again, so this retries until the lease ends.
    private async Task SettleAsync(List<Outcome> outcomes, DateTimeOffset until, CancellationToken breakOff)
    {
        var leaseEnds = until + (options.Value.Lease / 2);
        for (var delay = FirstDelay; ; delay *= 2)
        {
            try
            {
                await queue.SettleAsync(outcomes, CancellationToken.None);
                return;
            }
            catch (Exception e)
                when (e is NpgsqlException or TimeoutException && time.GetUtcNow() + delay < leaseEnds && !breakOff.IsCancellationRequested)
            {
                Log.QueueFailed(logger, delay, e);
                await Task.Delay(delay, time, breakOff).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task<Outcome> SendAsync(IMailSession session, ClaimedEmail email, CancellationToken breakOff)
    {
        ActivityContext.TryParse(email.TraceParent, email.TraceState, isRemote: true, out var parent);
        using var activity = Source.StartActivity("send email", ActivityKind.Internal, parent);
        activity?.SetTag("messaging.message.id", email.EventId);
        var began = time.GetTimestamp();
        Outcome outcome;
        try
        {
            await session.SendAsync(Write(email), email.EventId, breakOff);
            outcome = new(email, SendResult.Sent);
        }
        catch (MailRefusedException e)
        {
            outcome = Refused(email, e.Message, e.Reason, e.ForGood);
        }
        catch (Exception e) when (e is not (MailServerAwayException or OperationCanceledException))
        {
            // An unexpected error must not stop the mails after it.
            Log.Faulted(logger, email.Id, e);
            var error = $"Sending failed: {e.GetType().Name}.";
            outcome = Refused(email, error, error, forGood: false);
        }

        if (outcome.Reason is not null)
        {
            activity?.SetStatus(ActivityStatusCode.Error, outcome.Reason);
        }

        TimeSpan? delay = outcome.Result == SendResult.Sent ? time.GetUtcNow() - email.CreatedAt : null;
        metrics.Ended(outcome.Result.ToString().ToLowerInvariant(), time.GetElapsedTime(began), delay);
        return outcome;
    }

    private MimeMessage Write(ClaimedEmail email)
    {
        var order = JsonSerializer.Deserialize(email.Placed, ContractsJson.Default.OrderPlaced)!;
        return confirmation.Write(email.EventId, email.CreatedAt, order)
            ?? throw MailRefusedException.Of("The recipient's address is not a valid e-mail address.", forGood: true);
    }

    private Outcome Refused(ClaimedEmail email, string error, string reason, bool forGood)
    {
        var printable = new string([.. error.Take(MaxErrorLength).Select(c => char.IsControl(c) || char.IsSurrogate(c) ? ' ' : c)]);
        if (forGood || email.Attempts >= options.Value.RetryDelays.Count)
        {
            Log.Failed(logger, email.Id, email.EventId, email.Attempts + 1, reason);
            return new(email, SendResult.Failed, Error: printable, Reason: reason);
        }

        var delay = options.Value.RetryDelays[email.Attempts] * (1 + (Jitter * Random.Shared.NextDouble()));
        return new(email, SendResult.Retry, delay, printable, reason);
    }

    private static partial class Log
    {
        [LoggerMessage(5001, LogLevel.Warning, "Mails could not be claimed or saved; retrying in {Delay}")]
        public static partial void QueueFailed(ILogger logger, TimeSpan delay, Exception exception);

        [LoggerMessage(5002, LogLevel.Warning, "Cannot send mail: {Reason} Retrying in {Delay}")]
        public static partial void ServerAway(ILogger logger, string reason, TimeSpan delay);

        [LoggerMessage(5005, LogLevel.Debug, "Stopped sending mails: {Reason}")]
        public static partial void Stopped(ILogger logger, string reason);

        [LoggerMessage(5003, LogLevel.Error, "Sending mail {Mail} failed unexpectedly")]
        public static partial void Faulted(ILogger logger, long mail, Exception exception);

        [LoggerMessage(5004, LogLevel.Warning, "Mail {Mail} for event {Event} has failed after {Attempts} attempts: {Reason}")]
        public static partial void Failed(ILogger logger, long mail, Guid @event, int attempts, string reason);
    }
}
