namespace FanOut.StreamConsole;

internal static class PageRequests
{
    /// <summary>Whether a browser wants to show the answer to a person.</summary>
    public static bool IsForPage(this HttpRequest request) =>
        (HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method))
        && request.GetTypedHeaders().Accept.Any(type => type.MediaType.Equals("text/html", StringComparison.OrdinalIgnoreCase));
}
