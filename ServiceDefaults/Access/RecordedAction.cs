using Microsoft.AspNetCore.Builder;

namespace FanOut.ServiceDefaults.Access;

/// <summary>What a route does, for the record of what operators did.</summary>
internal sealed record RecordedAction(string Name);

public static class RecordedActionExtensions
{
    /// <summary>Records who asks for this action, when, on what, and how it ended.</summary>
    /// <param name="routes">The routes.</param>
    /// <param name="action">What they do, such as <c>redrive dead letters</c>.</param>
    public static TBuilder RecordAction<TBuilder>(this TBuilder routes, string action)
        where TBuilder : IEndpointConventionBuilder =>
        routes.WithMetadata(new RecordedAction(action));
}
