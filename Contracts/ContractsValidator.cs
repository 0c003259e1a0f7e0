using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Validation;

namespace FanOut.Contracts;

/// <summary>Holds an event against the rules that the HTTP endpoints hold requests against.</summary>
public sealed class ContractsValidator(IOptions<ValidationOptions> options, IServiceProvider services)
{
    private const int MaxNamed = 3;

    /// <returns>What is not valid, by the path of each field; null if everything is.</returns>
    public async Task<string?> FindProblemAsync<T>(T value, CancellationToken cancellationToken)
        where T : notnull
    {
        var context = new ValidateContext
        {
            ValidationOptions = options.Value,
            ValidationContext = new ValidationContext(value, services, items: null),
        };
        if (!options.Value.TryGetValidatableTypeInfo(typeof(T), out var type))
        {
            throw new InvalidOperationException($"{typeof(T)} has no rules: mark it with [ValidatableType].");
        }

        await type.ValidateAsync(value, context, cancellationToken);
        return context.ValidationErrors is not { Count: > 0 } errors
            ? null
            : string.Join("; ", errors.Take(MaxNamed).Select(error => $"{Name(error.Key)} {error.Value[0]}"))
                + (errors.Count > MaxNamed ? $"; and {errors.Count - MaxNamed} more" : "");

        static string Name(string path) => string.Join('.', path.Split('.').Select(JsonNamingPolicy.CamelCase.ConvertName));
    }
}
