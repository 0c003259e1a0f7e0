using System.Net.Sockets;
using MailKit;
using MailKit.Net.Smtp;
using MailKit.Security;
using Microsoft.Extensions.Options;
using MimeKit;

namespace FanOut.NotificationWorker.Sending;

/// <summary>One connection to the mail server, opened when needed and kept while there are mails to send.</summary>
internal sealed class SmtpSession(IOptions<SmtpOptions> options, TimeProvider time) : IMailSession
{
    private const int TooLarge = 552;

    private readonly SmtpOptions _options = options.Value;
    private SmtpClient? _client;

    public bool RepeatsShow => true;

    public async Task SendAsync(MimeMessage message, Guid eventId, CancellationToken cancellationToken)
    {
        var format = message.Format();
        var client = await ConnectAsync(format.International, cancellationToken);
        if (!format.International)
        {
            // With it, MailKit writes domains in Unicode and asks for SMTPUTF8, which the servers that follow may not offer.
            client.Capabilities &= ~SmtpCapabilities.UTF8;
        }
        else if (!client.Capabilities.HasFlag(SmtpCapabilities.UTF8))
        {
            throw MailRefusedException.Of(
                "The recipient's address is not ASCII before the '@', and the mail server does not offer SMTPUTF8.", forGood: true);
        }

        try
        {
            await WithinAsync(token => client.SendAsync(format, message, token), cancellationToken);
        }
        catch (SmtpCommandException e)
        {
            var status = (int)e.StatusCode;
            var error = $"{status} {e.Message}";
            var reason = $"{status} ({e.ErrorCode})";
            if (status is 421 or 530 or 535 or 538 || (e.ErrorCode == SmtpErrorCode.SenderNotAccepted && status is >= 500 and not TooLarge))
            {
                // Not about this mail: the server shuts down, requires a login, or rejects our sender.
                Drop();
                throw new MailServerAwayException(e.ErrorCode == SmtpErrorCode.RecipientNotAccepted ? reason : error, e);
            }

            throw new MailRefusedException(error, reason, forGood: status >= 500, e);
        }
        catch (ServiceNotAuthenticatedException e)
        {
            Drop();
            throw new MailServerAwayException(e.Message, e);
        }
        catch (NotSupportedException e)
        {
            throw MailRefusedException.Of($"The server does not support this mail: {e.Message}", forGood: true, e);
        }
        catch (Exception e) when (IsConnectionLoss(e, cancellationToken))
        {
            // The mail may be the cause, or may have been accepted: so the attempt counts.
            Drop();
            throw MailRefusedException.Of($"The connection was lost while sending: {Describe(e)}", forGood: false, e);
        }
        catch
        {
            Drop();
            throw;
        }
    }

    public async Task RestAsync(CancellationToken cancellationToken)
    {
        if (_client is { IsConnected: true } client)
        {
            try
            {
                await WithinAsync(token => client.DisconnectAsync(quit: true, token), cancellationToken);
            }
            catch (Exception e) when (IsConnectionLoss(e, cancellationToken) || e is SmtpCommandException)
            {
                // The connection is closed either way.
            }
        }

        Drop();
    }

    public ValueTask DisposeAsync()
    {
        Drop();
        return ValueTask.CompletedTask;
    }

    private async Task<SmtpClient> ConnectAsync(bool international, CancellationToken cancellationToken)
    {
        // A capability that was left out for another mail comes back only with a new connection.
        if (_client is { IsConnected: true } && (!international || _client.Capabilities.HasFlag(SmtpCapabilities.UTF8)))
        {
            return _client;
        }

        Drop();
        _client = new SmtpClient { Timeout = (int)_options.Timeout.TotalMilliseconds };
        try
        {
            await WithinAsync(token => _client.ConnectAsync(_options.Host!, _options.Port, _options.EffectiveSecurity, token), cancellationToken);
            if (!string.IsNullOrEmpty(_options.User))
            {
                if (!_client.IsSecure)
                {
                    throw new MailServerAwayException(
                        "The server does not offer TLS, and Smtp:Password is never sent unencrypted. "
                        + "Set Smtp:Security to a mode that the server supports.");
                }

                await WithinAsync(token => _client.AuthenticateAsync(_options.User, _options.Password!, token), cancellationToken);
            }

            return _client;
        }
        catch (Exception e)
            when (e is SmtpCommandException or AuthenticationException or NotSupportedException || IsConnectionLoss(e, cancellationToken))
        {
            Drop();
            throw new MailServerAwayException($"{_options.Host}:{_options.Port}: {Describe(e)}", e);
        }
        catch
        {
            Drop();
            throw;
        }
    }

    private async Task WithinAsync(Func<CancellationToken, Task> work, CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(_options.Timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        await work(either.Token);
    }

    private void Drop()
    {
        _client?.Dispose();
        _client = null;
    }

    private static bool IsConnectionLoss(Exception e, CancellationToken cancellationToken) => e
        is IOException or SocketException or ProtocolException or SslHandshakeException or ServiceNotConnectedException or TimeoutException
        || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested);

    private static string Describe(Exception e) => e switch
    {
        OperationCanceledException => "no answer in time.",
        NotSupportedException => $"{e.Message} Smtp:Security says whether TLS is required.",
        _ => e.Message,
    };
}
