using System.Net;
using FanOut.Contracts;
using Refit;

namespace FanOut.StreamConsole.Clients;

/// <summary>Finds orders by what a person has at hand.</summary>
internal static class OrderSearch
{
    private const int Limit = 50;

    /// <param name="orders">The order API.</param>
    /// <param name="text">An id, a number, a customer's id or an e-mail address; null for the newest orders.</param>
    /// <param name="after">The cursor of the page before.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    public static async Task<OrderPage> FindAsync(IOrderApi orders, string? text, string? after, CancellationToken cancellationToken)
    {
        if (text is null)
        {
            return await orders.ListAsync(Limit, after, cancellationToken: cancellationToken);
        }

        if (text.Contains('@', StringComparison.Ordinal))
        {
            return await orders.ListAsync(Limit, after, email: text, cancellationToken: cancellationToken);
        }

        if (Guid.TryParse(text, out var id) && await FindAsync(orders, id, cancellationToken) is { } order)
        {
            return new([order]);
        }

        // The cursor is of the customer's orders: a number has one order, which is on the first page.
        var byNumber = after is null && text.Length <= OrderLimits.NumberLength
            ? (await orders.ListAsync(Limit, number: text, cancellationToken: cancellationToken)).Orders
            : [];
        var byCustomer = text.Length <= OrderLimits.CustomerIdLength
            ? await orders.ListAsync(Limit, after, customer: text, cancellationToken: cancellationToken)
            : new([]);
        return byCustomer with { Orders = [.. byNumber.Concat(byCustomer.Orders).DistinctBy(found => found.Id)] };
    }

    private static async Task<Order?> FindAsync(IOrderApi orders, Guid id, CancellationToken cancellationToken)
    {
        try
        {
            return await orders.GetAsync(id, cancellationToken);
        }
        catch (ApiException e) when (e.StatusCode == HttpStatusCode.NotFound)
        {
            return null;
        }
    }
}
