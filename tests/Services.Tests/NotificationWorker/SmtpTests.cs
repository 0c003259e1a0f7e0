using System.Collections.Concurrent;
using System.Net;
using System.Text;
using FanOut.NotificationWorker;
using FanOut.NotificationWorker.Emails;
using MailKit.Security;
using Microsoft.Extensions.Options;
using Refit;
using Xunit;

namespace FanOut.Services.Tests.NotificationWorker;

public sealed class SmtpTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_order_is_confirmed_by_one_mail()
    {
        await using var sink = SmtpSink.Start();
        await using var orders = await OrderStream.CreateAsync();
        await using var notifications = await Notifications.StartAsync(orders, Notifications.To(sink));
        var order = OrderStream.Order(name: "Suprêmes <délices>", email: "suprd@example.com");

        var id = await orders.PublishAsync(order);

        var sent = await notifications.BecomesAsync("sent");
        var mail = Assert.Single(sink.Parsed);
        Assert.Equal((id, order.OrderId.ToString(), "suprd@example.com", 1), (sent.EventId, sent.Subject, sent.Recipient, sent.Attempts));
        Assert.Equal($"{id}@shop.example", mail.MessageId);
        Assert.Equal(("Shöp", "orders@shop.example"), (mail.From.Mailboxes.Single().Name, mail.From.Mailboxes.Single().Address));
        Assert.Equal(("Suprêmes <délices>", "suprd@example.com"), (mail.To.Mailboxes.Single().Name, mail.To.Mailboxes.Single().Address));
        Assert.Equal("Your order 10248", mail.Subject);
        Assert.Contains("5 x Mozzarella di Giovanni (72) at 34.80 USD less 5%: 165.30 USD", mail.TextBody, StringComparison.Ordinal);
        Assert.Contains("Total: 431.30 USD", mail.TextBody, StringComparison.Ordinal);
        Assert.Contains("<p>Dear Supr&#234;mes &lt;d&#233;lices&gt;,</p>", mail.HtmlBody, StringComparison.Ordinal);
        Assert.Contains("431.30 USD", mail.HtmlBody, StringComparison.Ordinal);
        Assert.Equal(1, await notifications.CountAsync(
            $"select count(*) from notifications.effects where event_id = '{id}' and subject = '{order.OrderId}'"));
    }

    [Fact]
    public async Task A_mail_has_the_minor_units_of_its_currency_however_the_event_writes_its_total()
    {
        await using var sink = SmtpSink.Start();
        await using var orders = await OrderStream.CreateAsync();
        await using var notifications = await Notifications.StartAsync(orders, Notifications.To(sink));

        await orders.PublishAsync(OrderStream.Order() with { Total = 100 });

        await notifications.BecomesAsync("sent");
        Assert.Contains("Total: 100.00 USD", Assert.Single(sink.Parsed).TextBody, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Customer_data_cannot_add_headers_or_recipients()
    {
        await using var sink = SmtpSink.Start();
        await using var orders = await OrderStream.CreateAsync();
        await using var notifications = await Notifications.StartAsync(orders, Notifications.To(sink));

        await orders.PublishAsync(OrderStream.Order(
            number: "1\r\nBcc: victim@example.com\r\n\r\nBuy!",
            name: "Eve\r\nBcc: victim@example.com\n\u2028To: x@example.com, \"<y@example.com>",
            email: "eve@example.com"));
        await orders.PublishAsync(OrderStream.Order(
            number: "1 Bcc: victim@example.com", name: "Eve\u2028Bcc: victim@example.com, \"<y@example.com>", email: "eve@example.com"));
        string[] invalid =
        [
            "eve@example.com, victim@example.com", "eve@example.com\r\nRCPT TO:<victim@example.com>", "Eve <victim@example.com>", "not an address",
            "eve@", "",
        ];
        foreach (var address in invalid)
        {
            await orders.PublishAsync(OrderStream.Order(email: address));
        }

        await notifications.CountBecomesAsync("select count(*) from bus.retry where state = 'dead'", 7);
        await notifications.BecomesAsync("sent");
        var mail = Assert.Single(sink.Parsed);
        Assert.Equal(["eve@example.com"], mail.GetRecipients().Select(mailbox => mailbox.Address));
        Assert.Empty(mail.Bcc);
        var headers = sink.Mails.Single().Split("\r\n\r\n")[0].Split("\r\n");
        Assert.DoesNotContain(headers, line => line.StartsWith("Bcc", StringComparison.OrdinalIgnoreCase));
        Assert.Equal("Your order 1 Bcc: victim@example.com", mail.Subject);
    }

    [Fact]
    public async Task Every_address_that_the_API_accepts_is_sent_to()
    {
        var recipients = new ConcurrentQueue<string>();
        var senders = new ConcurrentQueue<string>();
        await using var sink = SmtpSink.Start();
        sink.Script = command =>
        {
            if (command.StartsWith("RCPT TO:", StringComparison.Ordinal))
            {
                recipients.Enqueue(Encoding.UTF8.GetString(Encoding.Latin1.GetBytes(command["RCPT TO:<".Length..command.LastIndexOf('>')])));
            }

            if (command.StartsWith("MAIL", StringComparison.Ordinal))
            {
                senders.Enqueue(command);
            }

            return command.StartsWith("EHLO", StringComparison.Ordinal) ? "250-sink\r\n250-8BITMIME\r\n250 SMTPUTF8" : null;
        };
        await using var orders = await OrderStream.CreateAsync();
        await using var notifications = await Notifications.StartAsync(orders, Notifications.To(sink));
        var accepted = EmailAddresses.Accepted.Select(row => row.Data).ToArray();

        await orders.PublishAsync(accepted.Select(address => OrderStream.Order(email: address.Item1)));

        await notifications.CountBecomesAsync("select count(*) from notifications.emails where state = 'sent'", accepted.Length);
        Assert.Equal(accepted.Select(address => address.Item2).Order(), recipients.Order());
        Assert.Equal(
            accepted.Count(address => !Ascii.IsValid(address.Item2)),
            senders.Count(command => command.Contains("SMTPUTF8", StringComparison.Ordinal)));
    }

    [Theory]
    [MemberData(nameof(EmailAddresses.Refused), MemberType = typeof(EmailAddresses))]
    public void No_mail_is_written_to_an_address_that_the_API_refuses(string address)
    {
        var confirmation = new OrderConfirmation(Options.Create(new SmtpOptions()));

        Assert.Null(confirmation.Write(Guid.NewGuid(), TimeProvider.System.GetUtcNow(), OrderStream.Order(email: address)));
    }

    [Fact]
    public async Task An_address_in_Unicode_is_sent_only_to_a_server_with_SMTPUTF8()
    {
        await using var sink = SmtpSink.Start();
        await using var orders = await OrderStream.CreateAsync();
        await using var notifications = await Notifications.StartAsync(orders, Notifications.To(sink));

        await orders.PublishAsync(OrderStream.Order(email: "δοκιμή@example.com"));
        await orders.PublishAsync(OrderStream.Order(name: "Ærø", email: "ada@münchen.example"));

        var failed = await notifications.BecomesAsync("failed");
        await notifications.BecomesAsync("sent");
        Assert.Equal(("δοκιμή@example.com", 1), (failed.Recipient, failed.Attempts));
        Assert.Contains("does not offer SMTPUTF8", failed.LastError, StringComparison.Ordinal);
        Assert.True(Ascii.IsValid(Assert.Single(sink.Mails)));
    }

    [Fact]
    public async Task A_sender_with_an_international_domain_gives_an_ASCII_mail()
    {
        await using var sink = SmtpSink.Start();
        await using var orders = await OrderStream.CreateAsync();
        await using var notifications = await Notifications.StartAsync(
            orders, [.. Notifications.To(sink), ("Smtp:From", "Müller <orders@münchen.example>")]);

        var id = await orders.PublishAsync();

        await notifications.BecomesAsync("sent");
        Assert.True(Ascii.IsValid(Assert.Single(sink.Mails)));
        Assert.Equal($"{id}@xn--mnchen-3ya.example", sink.Parsed.Single().MessageId);
    }

    [Theory]
    [InlineData("250-sink\r\n250 8BITMIME")]
    [InlineData("250-sink\r\n250 STARTTLS")]
    public async Task No_mail_is_sent_unencrypted_unless_configured(string offered)
    {
        var commands = new ConcurrentQueue<string>();
        await using var sink = SmtpSink.Start();
        sink.Script = command =>
        {
            commands.Enqueue(command.Split(' ')[0]);
            return command.StartsWith("EHLO", StringComparison.Ordinal) ? offered
                : command == "STARTTLS" ? "454 4.7.0 TLS is not available" : null;
        };
        await using var orders = await OrderStream.CreateAsync();
        (string, string)[] host = [("Smtp:Host", "127.0.0.1"), ("Smtp:Port", $"{sink.Port}")];
        await using (var strict = await Notifications.StartAsync(orders, host))
        {
            await orders.PublishAsync();

            await Eventually.BecomesTrueAsync(() => Task.FromResult(commands.Count(command => command == "EHLO") >= 2));
            Assert.Equal(0, (await strict.BecomesAsync("pending")).Attempts);
            Assert.DoesNotContain("MAIL", commands);
        }

        await using var lenient = await Notifications.StartAsync(orders, [.. host, ("Smtp:Security", "None")]);
        Assert.Equal(1, (await lenient.BecomesAsync("sent")).Attempts);
    }

    [Theory]
    [InlineData(SecureSocketOptions.Auto, 465, SecureSocketOptions.SslOnConnect)]
    [InlineData(SecureSocketOptions.Auto, 587, SecureSocketOptions.StartTls)]
    [InlineData(SecureSocketOptions.Auto, 0, SecureSocketOptions.StartTls)]
    [InlineData(SecureSocketOptions.StartTlsWhenAvailable, 25, SecureSocketOptions.StartTlsWhenAvailable)]
    public void TLS_is_required_by_default_on_every_port(SecureSocketOptions set, int port, SecureSocketOptions used) =>
        Assert.Equal(used, new SmtpOptions { Security = set, Port = port }.EffectiveSecurity);

    [Fact]
    public async Task Temporary_refusals_are_retried_and_permanent_ones_are_not()
    {
        var refusals = 0;
        await using var sink = SmtpSink.Start();
        sink.Script = command => command switch
        {
            _ when command.StartsWith("RCPT TO:<never@", StringComparison.Ordinal) => "550 5.1.1 no such user",
            _ when !command.StartsWith("RCPT TO:<later@", StringComparison.Ordinal) => null,
            _ => Interlocked.Increment(ref refusals) <= 2 ? "450 4.2.1 greylisted" : null,
        };
        await using var orders = await OrderStream.CreateAsync();
        await using var notifications = await Notifications.StartAsync(orders, Notifications.To(sink));

        await orders.PublishAsync(OrderStream.Order(email: "never@example.com"));
        await orders.PublishAsync(OrderStream.Order(email: "later@example.com"));
        await orders.PublishAsync(OrderStream.Order(email: "now@example.com"));

        var later = await notifications.BecomesAsync("sent", mail => mail.Recipient == "later@example.com");
        var never = await notifications.BecomesAsync("failed");
        await notifications.BecomesAsync("sent", mail => mail.Recipient == "now@example.com");
        Assert.Equal(3, later.Attempts);
        Assert.Equal(("never@example.com", 1), (never.Recipient, never.Attempts));
        Assert.Contains("550 5.1.1 no such user", never.LastError, StringComparison.Ordinal);
        Assert.Equal(2, sink.Mails.Count);
    }

    [Fact]
    public async Task Permanent_failure_ends_as_failed_and_can_be_retried()
    {
        await using var sink = SmtpSink.Start();
        sink.Script = command => command == "." ? "451 try later" : null;
        await using var orders = await OrderStream.CreateAsync();
        await using var notifications = await Notifications.StartAsync(orders, Notifications.To(sink));
        await orders.PublishAsync();

        var failed = await notifications.BecomesAsync("failed");
        sink.Script = _ => null;
        await notifications.Api.RetryAsync(failed.Id, Cancellation);
        var sent = await notifications.BecomesAsync("sent");
        var refused = await Assert.ThrowsAnyAsync<ApiException>(() => notifications.Api.RetryAsync(failed.Id, Cancellation));

        Assert.Equal(3, failed.Attempts);
        Assert.Equal((failed.Id, 1), (sent.Id, sent.Attempts));
        Assert.Equal(HttpStatusCode.Conflict, refused.StatusCode);
    }

    [Fact]
    public async Task A_server_failure_counts_no_attempt()
    {
        int port;
        await using (var before = SmtpSink.Start())
        {
            port = before.Port;
        }

        await using var orders = await OrderStream.CreateAsync();
        await using var notifications = await Notifications.StartAsync(
            orders,
            ("Smtp:Host", "127.0.0.1"),
            ("Smtp:Port", $"{port}"),
            ("Smtp:Security", "None"),
            ("Notifications:RetrySchedule:0", "00:00:00"));
        await orders.PublishAsync();
        await notifications.CountBecomesAsync("select count(*) from notifications.emails where attempts = 0 and state = 'pending'", 1);

        var greetings = 0;
        await using var sink = SmtpSink.Start(port);
        sink.Script = command =>
            command.StartsWith("MAIL", StringComparison.Ordinal) && Interlocked.Increment(ref greetings) <= 2 ? "530 5.7.0 log in first" : null;

        Assert.Equal(1, (await notifications.BecomesAsync("sent")).Attempts);
        Assert.Equal(3, greetings);
        Assert.Single(sink.Mails);
    }

    [Fact]
    public async Task A_mail_is_sent_again_with_its_id_after_a_lost_connection()
    {
        var ends = 0;
        await using var sink = SmtpSink.Start();
        sink.Script = command => command == "." && Interlocked.Increment(ref ends) == 1 ? "drop" : null;
        await using var orders = await OrderStream.CreateAsync();
        await using var notifications = await Notifications.StartAsync(orders, Notifications.To(sink));

        await orders.PublishAsync();

        Assert.Equal(2, (await notifications.BecomesAsync("sent")).Attempts);
        Assert.Equal(2, sink.Mails.Count);
        Assert.Single(sink.Mails.Distinct());
        Assert.Single(sink.Parsed.Select(mail => mail.MessageId).Distinct());
    }

    [Fact]
    public async Task Mails_of_a_killed_sender_are_sent_when_its_lease_ends()
    {
        await using var sink = SmtpSink.Start();
        await using var orders = await OrderStream.CreateAsync();
        await using var notifications = await Notifications.StartAsync(orders, Notifications.To(sink));
        await orders.PublishAsync();
        await notifications.BecomesAsync("sent");

        await notifications.ExecuteAsync("""
            update notifications.emails
            set state = 'pending', finished_at = null, claim = gen_random_uuid(), due_at = now() + interval '5 seconds'
            """);

        Assert.Single(sink.Mails);
        Assert.Null((await notifications.BecomesAsync("pending")).NextAttemptAt);
        await notifications.BecomesAsync("sent");
        Assert.Equal(2, sink.Mails.Count);
        Assert.Single(sink.Mails.Distinct());
    }

    [Fact]
    public async Task Two_workers_send_each_mail_once()
    {
        await using var sink = SmtpSink.Start();
        await using var orders = await OrderStream.CreateAsync();
        await using var one = await Notifications.StartAsync(orders, Notifications.To(sink));
        await using var two = await Notifications.StartAsync(orders, Notifications.To(sink));

        await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => orders.PublishAsync()));

        await one.CountBecomesAsync("select count(*) from notifications.emails where state = 'sent'", 200);
        Assert.Equal(200, sink.Mails.Count);
        Assert.Equal(200, sink.Parsed.Select(mail => mail.MessageId).Distinct().Count());
        Assert.InRange(sink.Connections, 1, 100);
    }

    [Theory]
    [InlineData("Smtp:From", "nobody")]
    [InlineData("Smtp:From", "müller@shop.example")]
    [InlineData("Smtp:From", "orders@[127.0.0.1]")]
    [InlineData("Smtp:Host", "smtp://mail.example.com")]
    [InlineData("Smtp:Host", "mail.example.com:587")]
    [InlineData("Smtp:Security", "Required")]
    [InlineData("Smtp:User", "someone")]
    [InlineData("Smtp:Connections", "0")]
    [InlineData("Notifications:Lease", "00:00:01")]
    [InlineData("Notifications:Retention", "00:00:00")]
    public async Task An_invalid_setting_stops_the_start_and_names_its_key(string key, string value)
    {
        await using var orders = await OrderStream.CreateAsync();

        var stopped = await Assert.ThrowsAnyAsync<Exception>(() => Notifications.StartAsync(orders, (key, value)));

        Assert.Contains(key, stopped.ToString(), StringComparison.Ordinal);
    }
}
