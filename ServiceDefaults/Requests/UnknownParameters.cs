using System.Collections.Frozen;
using System.Reflection;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc.ApiExplorer;
using Microsoft.AspNetCore.Mvc.ModelBinding;

namespace FanOut.ServiceDefaults.Requests;

/// <summary>Refuses query parameters that are unknown, given twice, or empty and then ignored: the answer would be everything.</summary>
internal sealed class UnknownParameters(RequestDelegate next, IApiDescriptionGroupCollectionProvider api, IProblemDetailsService problems)
{
    // Read at the first request: endpoints are mapped after the middleware is created.
    private readonly Lazy<FrozenDictionary<MethodInfo, FrozenDictionary<string, Type>>> _known = new(() => api.ApiDescriptionGroups.Items
        .SelectMany(group => group.Items)
        .DistinctBy(Handler)
        .ToFrozenDictionary(Handler, operation => operation.ParameterDescriptions
            .Where(parameter => parameter.Source == BindingSource.Query)
            .ToFrozenDictionary(
                parameter => JsonNamingPolicy.CamelCase.ConvertName(parameter.Name), parameter => parameter.Type, StringComparer.OrdinalIgnoreCase)));

    public async Task InvokeAsync(HttpContext context)
    {
        if (context.Request.QueryString.HasValue
            && context.GetEndpoint()?.Metadata.GetMetadata<MethodInfo>() is { } handler
            && _known.Value.TryGetValue(handler, out var known))
        {
            var errors = context.Request.Query
                .Where(parameter => !known.TryGetValue(parameter.Key, out var type)
                    || parameter.Value.Count > 1
                    || (type != typeof(string) && string.IsNullOrEmpty(parameter.Value)))
                .ToDictionary(parameter => parameter.Key, parameter => new[]
                {
                    known.ContainsKey(parameter.Key) ? parameter.Value.Count > 1 ? "is given more than once" : "must not be empty"
                        : known.Count == 0 ? "is unknown; this request has no parameters"
                        : $"is unknown; known are: {string.Join(", ", known.Keys.Order())}",
                });
            if (errors.Count > 0)
            {
                context.Response.StatusCode = StatusCodes.Status400BadRequest;
                await problems.WriteAsync(new() { HttpContext = context, ProblemDetails = RequestErrors.ToProblem(errors) });
                return;
            }
        }

        await next(context);
    }

    private static MethodInfo Handler(ApiDescription operation) => operation.ActionDescriptor.EndpointMetadata.OfType<MethodInfo>().First();
}
