using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace FanOut.ServiceDefaults.Access;

/// <summary>What a route does, for the record of what operators did.</summary>
internal sealed record RecordedAction(string Name);

public static class RecordedActionExtensions
{
    /// <summary>Records who asks for this action, when, on what, and how it ended. What cannot be recorded is answered 503, and not done.</summary>
    /// <param name="routes">The routes.</param>
    /// <param name="action">What they do, such as <c>redrive dead letters</c>.</param>
    public static TBuilder RecordAction<TBuilder>(this TBuilder routes, string action)
        where TBuilder : IEndpointConventionBuilder =>
        routes.WithMetadata(new RecordedAction(action));

    /// <summary>Adds to the record of this request, before it changes anything, what its path does not say: no secrets, of people only ids.</summary>
    /// <param name="http">A request to a route whose action is recorded.</param>
    /// <param name="target">On what the action is, such as <c>group=billing</c>.</param>
    /// <param name="cancellationToken">Stops waiting for Postgres.</param>
    public static Task RecordTargetAsync(this HttpContext http, string target, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(http);
        return http.Features.GetRequiredFeature<ActionRecord>().DescribeAsync(target, cancellationToken);
    }
}
