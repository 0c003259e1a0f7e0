using Microsoft.AspNetCore.Builder;

namespace FanOut.ServiceDefaults.Requests;

internal sealed class ReadsOwnBody;

public static class ReadsOwnBodyExtensions
{
    /// <summary>Leaves the bodies of requests to what serves these routes: they need not be JSON, and are not read before.</summary>
    public static TBuilder ReadOwnBodies<TBuilder>(this TBuilder routes)
        where TBuilder : IEndpointConventionBuilder =>
        routes.WithMetadata(new ReadsOwnBody());
}
