using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Text.Json;
using FanOut.ServiceDefaults.Access;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.Extensions.Hosting;
using Microsoft.OpenApi;
using Scalar.AspNetCore;

namespace FanOut.ServiceDefaults;

/// <summary>The OpenAPI document of a service, and a page that shows it without requests to other hosts.</summary>
public static class ApiDocument
{
    private const string Bearer = "bearer";
    private const string OnlyThisHost = "default-src 'self' 'unsafe-inline' data: blob:; frame-ancestors 'none'";

    public static void Describe(this OpenApiOptions options, string title, string description)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.AddDocumentTransformer((document, _, _) =>
        {
            (document.Info.Title, document.Info.Description) = (title, description);
            document.AddComponent(Bearer, new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.Http,
                Scheme = "bearer",
                Description = $"An API key ({ApiKey.Prefix}...) or a JWT.",
            });
            return Task.CompletedTask;
        });
        options.AddSchemaTransformer((schema, context, _) =>
        {
            // Types with their own converter have no schema.
            if (schema.Type is null)
            {
                var type = context.JsonPropertyInfo?.PropertyType ?? context.JsonTypeInfo.Type;
                var isOptional = Nullable.GetUnderlyingType(type) is not null ? JsonSchemaType.Null : 0;
                (schema.Type, schema.Format) = (Nullable.GetUnderlyingType(type) ?? type) switch
                {
                    var known when known == typeof(DateTimeOffset) => (JsonSchemaType.String | isOptional, "date-time"),
                    var known when known == typeof(int) => (JsonSchemaType.Integer | isOptional, "int32"),
                    var known when known == typeof(long) => (JsonSchemaType.Integer | isOptional, "int64"),
                    var known when known == typeof(decimal) => (JsonSchemaType.Number | isOptional, "double"),
                    _ => (schema.Type, schema.Format),
                };
                if (context.JsonPropertyInfo?.AttributeProvider?.GetCustomAttributes(typeof(RangeAttribute), inherit: true) is [RangeAttribute range])
                {
                    schema.Minimum ??= Convert.ToString(range.Minimum, CultureInfo.InvariantCulture);
                    schema.Maximum ??= Convert.ToString(range.Maximum, CultureInfo.InvariantCulture);
                }
            }

            return Task.CompletedTask;
        });
        options.AddOperationTransformer((operation, context, _) =>
        {
            var scopes = context.Description.ActionDescriptor.EndpointMetadata.OfType<IAuthorizeData>().Select(required => required.Policy!);
            operation.Security = [new() { [new OpenApiSecuritySchemeReference(Bearer, context.Document)] = [.. scopes] }];
            foreach (var parameter in operation.Parameters?.OfType<OpenApiParameter>().Where(each => each.In == ParameterLocation.Query) ?? [])
            {
                parameter.Name = JsonNamingPolicy.CamelCase.ConvertName(parameter.Name!);
            }

            return Task.CompletedTask;
        });
    }

    /// <summary>Maps the document and its page, in Development only: there they need no key.</summary>
    public static void MapApiDocument(this WebApplication app)
    {
        ArgumentNullException.ThrowIfNull(app);
        if (!app.Environment.IsDevelopment())
        {
            return;
        }

        app.MapOpenApi("/openapi/v1.json").AllowAnonymous();
        app.MapScalarApiReference(page => page
                .WithTitle("FanOut API")
                .HideDeveloperTools()
                .DisableAgent()
                .DisableMcp()
                .DisableTelemetry()
                .HideClientButton()
                .DisableDefaultFonts())
            .AddEndpointFilter((context, next) =>
            {
                context.HttpContext.Response.Headers.ContentSecurityPolicy = OnlyThisHost;
                return next(context);
            })
            .AllowAnonymous();
        app.MapGet("/", () => TypedResults.LocalRedirect("~/scalar")).ExcludeFromDescription().AllowAnonymous();
    }
}
