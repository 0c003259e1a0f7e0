using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;

namespace FanOut.ServiceDefaults.Requests;

public static class Paging
{
    /// <summary>Cuts a list that was read with one item more than asked for. On the last page there is no cursor and no address.</summary>
    public static (List<T> Items, string? After, string? Next) Page<T>(this HttpRequest request, List<T> items, int limit, Func<T, string> cursor)
    {
        ArgumentNullException.ThrowIfNull(items);
        ArgumentNullException.ThrowIfNull(cursor);
        if (items.Count <= limit)
        {
            return (items, null, null);
        }

        items.RemoveRange(limit, items.Count - limit);
        var after = cursor(items[^1]);
        return (items, after, request.AddressOfPage(after));
    }

    /// <summary>The address of this list with another cursor.</summary>
    public static string AddressOfPage(this HttpRequest request, string after)
    {
        ArgumentNullException.ThrowIfNull(request);
        return QueryHelpers.AddQueryString(
            request.Path,
            request.Query.Where(parameter => !parameter.Key.Equals(nameof(after), StringComparison.OrdinalIgnoreCase))
                .Select(parameter => KeyValuePair.Create(parameter.Key, parameter.Value.FirstOrDefault()))
                .Append(KeyValuePair.Create<string, string?>(nameof(after), after)));
    }
}
