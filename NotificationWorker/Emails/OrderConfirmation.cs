using System.Globalization;
using System.Net;
using FanOut.Contracts;
using Microsoft.Extensions.Options;
using MimeKit;
using MimeKit.Text;

namespace FanOut.NotificationWorker.Emails;

/// <summary>Writes the mail about a placed order. The same event always gives the same bytes, because it may be sent again.</summary>
internal sealed class OrderConfirmation
{
    private readonly MailboxAddress _from;

    public OrderConfirmation(IOptions<SmtpOptions> options) => _from = options.Value.Sender!;

    /// <returns>The mail; null if the recipient's address is not valid.</returns>
    public MimeMessage? Write(Guid eventId, DateTimeOffset date, OrderPlaced order)
    {
        if (!EmailAddress.TryParse(order.Customer.Email, out var address))
        {
            return null;
        }

        var message = new MimeMessage
        {
            Subject = $"Your order {OneLine(order.Number)}",
            Date = date,
            MessageId = $"{eventId}@{_from.GetAddress(idnEncode: true).Split('@')[1]}",
            Body = new MultipartAlternative
            {
                new TextPart(TextFormat.Plain) { Text = Plain(order) },
                new TextPart(TextFormat.Html) { Text = Html(order) },
            },
        };
        ((Multipart)message.Body).Boundary = $"=-{eventId:n}";
        message.From.Add(_from);
        message.To.Add(new MailboxAddress(OneLine(order.Customer.Name), address));
        message.Headers.Add(HeaderId.AutoSubmitted, "auto-generated");
        message.Prepare(EncodingConstraint.SevenBit);
        return message;
    }

    // MimeKit would encode or fold line breaks; a name needs none.
    private static string OneLine(string text) =>
        string.Concat(text.Select(c => char.IsControl(c) || c is '\u2028' or '\u2029' ? ' ' : c)).Trim();

    private static string Plain(OrderPlaced order)
    {
        var lines = order.Lines.Select(line =>
            $"{line.Quantity} x {OneLine(line.Name)} ({OneLine(line.Sku)}) "
            + $"at {Money(line.UnitPrice, order)}{Discount(line)}: {Money(line.Amount, order)}\n");
        return $"""
            Dear {OneLine(order.Customer.Name)},

            thank you for your order {OneLine(order.Number)} of {Day(order)}.

            {string.Concat(lines)}
            Total: {Money(order.Total, order)}

            """;
    }

    private static string Html(OrderPlaced order)
    {
        var lines = order.Lines.Select(line => $"""
            <tr><td>{Encode(line.Name)} ({Encode(line.Sku)})</td><td align="right">{line.Quantity}</td>
            <td align="right">{Money(line.UnitPrice, order)}{Discount(line)}</td><td align="right">{Money(line.Amount, order)}</td></tr>

            """);
        return $"""
            <!DOCTYPE html>
            <html lang="en"><head><meta charset="utf-8"><title>Your order</title></head>
            <body style="font-family:sans-serif">
            <p>Dear {Encode(order.Customer.Name)},</p>
            <p>thank you for your order <strong>{Encode(order.Number)}</strong> of {Day(order)}.</p>
            <table cellpadding="4">
            <thead><tr><th align="left">Product</th><th align="right">Quantity</th>
            <th align="right">Price</th><th align="right">Amount</th></tr></thead>
            <tbody>
            {string.Concat(lines)}</tbody>
            <tfoot><tr><th align="left" colspan="3">Total</th><th align="right">{Money(order.Total, order)}</th></tr></tfoot>
            </table>
            </body></html>

            """;
    }

    private static string Encode(string text) => WebUtility.HtmlEncode(OneLine(text));

    private static string Day(OrderPlaced order) => order.PlacedAt.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    private static string Discount(OrderLine line) => line.Discount == 0 ? "" : $" less {line.Discount * 100:0.##}%";

    // At least the minor units, however the event writes its numbers. Lines are exact: with fewer digits they would not add up to the total.
    private static string Money(decimal amount, OrderPlaced order)
    {
        var units = Currency.TryGet(order.Currency, out var currency) ? currency.MinorUnits : order.Total.Scale;
        var fraction = new string('0', units) + new string('#', 10);
        return $"{amount.ToString($"#,##0.{fraction}", CultureInfo.InvariantCulture)} {OneLine(order.Currency)}";
    }
}
