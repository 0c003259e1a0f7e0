using System.Text.Json;
using FanOut.Contracts;
using FanOut.OrderApi.Money;
using FanOut.OrderApi.Validation;

namespace FanOut.OrderApi.Placing;

/// <summary>Reads requests by the rules of an order. What it returns is good only where no error was noted.</summary>
internal sealed class PlaceOrderReader(TimeProvider time)
{
    private static readonly string[] BatchFields = ["orders"];
    private static readonly string[] OrderFields = ["customer", "currency", "lines", "number", "placedAt"];
    private static readonly string[] CustomerFields = ["id", "name", "email"];
    private static readonly string[] LineFields = ["sku", "name", "quantity", "unitPrice", "discount"];
    private static readonly DateTimeOffset Earliest = new(1900, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan ClockSkew = TimeSpan.FromDays(1);

    public PlaceOrder? ReadOrder(JsonElement body, FieldErrors errors) => ReadOrder(JsonField.Root(body, errors));

    public PlaceOrders? ReadBatch(JsonElement body, FieldErrors errors)
    {
        if (JsonField.Root(body, errors).Object(BatchFields) is not { } batch)
        {
            return null;
        }

        var items = batch["orders"].Items(OrderLimits.OrdersPerBatch);
        var orders = new List<PlaceOrder>(items.Length);
        var indexByNumber = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var index = 0; index < items.Length; index++)
        {
            if (ReadOrder(items[index]) is not { } order)
            {
                continue;
            }

            if (order.Number is { Length: > 0 } number && !indexByNumber.TryAdd(number, index))
            {
                errors.Add($"orders[{index}].number", $"is the number of orders[{indexByNumber[number]}] too");
            }

            orders.Add(order);
        }

        return new PlaceOrders(orders);
    }

    private PlaceOrder? ReadOrder(JsonField field)
    {
        if (field.Object(OrderFields) is not { } order)
        {
            return null;
        }

        var customer = ReadCustomer(order["customer"]);
        var currency = ReadCurrency(order["currency"]);
        var lines = Array.ConvertAll(order["lines"].Items(OrderLimits.LinesPerOrder), ReadLine);
        var number = order["number"].IsAbsent ? null : ReadName(order["number"], OrderLimits.NumberLength);
        DateTimeOffset? placedAt = order["placedAt"].IsAbsent ? null : order["placedAt"].Time(Earliest, time.GetUtcNow() + ClockSkew);
        return new PlaceOrder(customer!, currency, lines!, number, placedAt);
    }

    private static Customer? ReadCustomer(JsonField field)
    {
        if (field.Object(CustomerFields) is not { } customer)
        {
            return null;
        }

        var email = customer["email"].Text(OrderLimits.EmailLength);
        if (email.Length > 0 && !EmailAddress.IsValid(email))
        {
            customer["email"].Wrong("must be an e-mail address");
        }

        return new Customer(ReadName(customer["id"], OrderLimits.CustomerIdLength), customer["name"].Text(OrderLimits.NameLength), email);
    }

    private static string ReadCurrency(JsonField field)
    {
        var code = field.Text(OrderLimits.NameLength);
        if (code.Length > 0 && !Currency.TryGet(code, out _))
        {
            field.Wrong("must be the ISO 4217 code of a currency in use, like USD");
        }

        return code;
    }

    private static PlaceOrderLine? ReadLine(JsonField field) =>
        field.Object(LineFields) is { } line
            ? new PlaceOrderLine(
                ReadName(line["sku"], OrderLimits.SkuLength),
                line["name"].Text(OrderLimits.NameLength),
                line["quantity"].WholeNumber(1, OrderLimits.Quantity),
                line["unitPrice"].Decimal(0, OrderLimits.UnitPrice, OrderLimits.UnitPriceDecimals),
                line["discount"].IsAbsent ? 0 : line["discount"].Decimal(0, 1, OrderLimits.DiscountDecimals))
            : null;

    // "A1" and "A1 " would be two products, or two orders, that look like one.
    private static string ReadName(JsonField field, int longest)
    {
        var text = field.Text(longest);
        if (text.Length > 0 && text.Trim().Length != text.Length)
        {
            field.Wrong("must not begin or end with a space");
        }

        return text;
    }
}
