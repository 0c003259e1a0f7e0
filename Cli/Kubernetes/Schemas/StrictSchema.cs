using System.Collections.Concurrent;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using k8s.Models;

namespace FanOut.Cli.Kubernetes.Schemas;

/// <summary>Compares an object with its API type: a field that the type does not have, a value of the wrong kind, a missing field. Kubernetes itself would drop an unknown field in silence.</summary>
internal static partial class StrictSchema
{
    private static readonly ConcurrentDictionary<Type, Dictionary<string, PropertyInfo>> Fields = new();

    /// <summary>Where it differs, and how. Empty if it does not.</summary>
    public static IReadOnlyList<(string Path, string Message)> Compare(JsonNode node, Type type)
    {
        var differences = new List<(string, string)>();
        Compare(node, type, "", differences);
        return differences;
    }

    private static void Compare(JsonNode? node, Type type, string path, List<(string, string)> differences)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (node is null)
        {
            return;
        }

        if (ItemsOf(type, typeof(IDictionary<,>)) is { } map)
        {
            CompareMap(node, map[1], path, differences);
        }
        else if (type != typeof(string) && type != typeof(byte[]) && ItemsOf(type, typeof(IEnumerable<>)) is { } list)
        {
            CompareList(node, list[0], path, differences);
        }
        else if (Expected(type) is { } expected)
        {
            if (node is not JsonValue value || !IsScalar(value, type))
            {
                differences.Add((path, $"must be {expected}, but is {Describe(node)}."));
            }
        }
        else if (type != typeof(object))
        {
            CompareObject(node, type, path, differences);
        }
    }

    private static void CompareObject(JsonNode node, Type type, string path, List<(string, string)> differences)
    {
        if (node is not JsonObject body)
        {
            differences.Add((path, $"must be an object, but is {Describe(node)}."));
            return;
        }

        var fields = Fields.GetOrAdd(type, FieldsOf);
        foreach (var (name, value) in body)
        {
            var at = path.Length == 0 ? name : $"{path}.{name}";
            if (!fields.TryGetValue(name, out var field))
            {
                differences.Add((at, $"unknown field{Suggest(name, fields.Keys)}"));
                continue;
            }

            Compare(value, field.PropertyType, at, differences);
            CompareValues(value, type, name, at, differences);
            CompareAttributes(value, field, at, differences);
        }

        var required = KnownValues.RequiredOf(type).Concat(fields.Where(field => IsRequired(field.Value)).Select(field => field.Key)).Distinct();
        differences.AddRange(required.Where(name => body[name] is null).Select(name => (path.Length == 0 ? name : $"{path}.{name}", "is missing, and must be there.")));
    }

    private static void CompareMap(JsonNode node, Type item, string path, List<(string, string)> differences)
    {
        if (node is not JsonObject map)
        {
            differences.Add((path, $"must be a map, but is {Describe(node)}."));
            return;
        }

        foreach (var (key, value) in map)
        {
            Compare(value, item, $"{path}['{key}']", differences);
        }
    }

    private static void CompareList(JsonNode node, Type item, string path, List<(string, string)> differences)
    {
        if (node is not JsonArray array)
        {
            differences.Add((path, $"must be a list, but is {Describe(node)}."));
            return;
        }

        for (var i = 0; i < array.Count; i++)
        {
            Compare(array[i], item, $"{path}[{i}]", differences);
        }
    }

    private static void CompareValues(JsonNode? value, Type type, string name, string path, List<(string, string)> differences)
    {
        if (KnownValues.ValuesOf(type, name) is not { } known)
        {
            return;
        }

        foreach (var one in value is JsonArray array ? array : [value?.DeepClone()])
        {
            if (one?.ToString() is { } text && !known.Contains(text))
            {
                differences.Add((path, $"is '{text}', but must be one of {string.Join(", ", known)}."));
            }
        }
    }

    private static void CompareAttributes(JsonNode? value, PropertyInfo field, string path, List<(string, string)> differences)
    {
        object? plain = value switch
        {
            JsonArray array => array.ToArray(),
            JsonValue scalar when scalar.TryGetValue(out string? text) => text,
            JsonValue scalar when scalar.TryGetValue(out long number) => number,
            _ => null,
        };

        if (plain is not null)
        {
            differences.AddRange(field.GetCustomAttributes<ValidationAttribute>().Where(rule => !rule.IsValid(plain)).Select(rule => (path, rule.ErrorMessage ?? rule.FormatErrorMessage(path))));
        }
    }

    private static Dictionary<string, PropertyInfo> FieldsOf(Type type) => type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
        .Where(property => property.GetCustomAttribute<JsonIgnoreAttribute>() is null)
        .ToDictionary(property => property.GetCustomAttribute<JsonPropertyNameAttribute>()?.Name ?? JsonNamingPolicy.CamelCase.ConvertName(property.Name));

    private static bool IsRequired(PropertyInfo field) =>
        field.GetCustomAttribute<RequiredMemberAttribute>() is not null || (field.PropertyType.IsValueType && Nullable.GetUnderlyingType(field.PropertyType) is null);

    private static Type[]? ItemsOf(Type type, Type definition) =>
        type.GetInterfaces().Prepend(type).FirstOrDefault(candidate => candidate.IsGenericType && candidate.GetGenericTypeDefinition() == definition)?.GetGenericArguments();

    private static string? Expected(Type type) =>
        type == typeof(string) ? "text (in quotes, if it looks like a number or a boolean)"
        : type == typeof(bool) ? "true or false"
        : type == typeof(int) || type == typeof(long) ? "a whole number"
        : type == typeof(double) ? "a number"
        : type == typeof(IntOrString) ? "a whole number or text"
        : type == typeof(ResourceQuantity) ? "a quantity, such as 250m or 512Mi"
        : type == typeof(DateTime) ? "a time"
        : type == typeof(byte[]) ? "base64"
        : null;

    private static bool IsScalar(JsonValue value, Type type)
    {
        var text = value.GetValueKind() == JsonValueKind.String ? value.GetValue<string>() : null;
        return type == typeof(string) ? text is not null
            : type == typeof(bool) ? value.GetValueKind() is JsonValueKind.True or JsonValueKind.False
            : type == typeof(int) ? value.TryGetValue(out long small) && small is >= int.MinValue and <= int.MaxValue
            : type == typeof(long) ? value.TryGetValue(out long _)
            : type == typeof(double) ? value.GetValueKind() == JsonValueKind.Number
            : type == typeof(IntOrString) ? text is not null || value.TryGetValue(out long _)
            : type == typeof(ResourceQuantity) ? Quantity().IsMatch(value.ToString())
            : type == typeof(DateTime) ? DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, out _)
            : text is not null && Convert.TryFromBase64String(text, new byte[text.Length], out _);
    }

    private static string Describe(JsonNode node) => node switch
    {
        JsonObject => "an object",
        JsonArray => "a list",
        _ when node.GetValueKind() == JsonValueKind.String => $"the text '{node}'",
        _ => node.ToString(),
    };

    private static string Suggest(string name, IEnumerable<string> known)
    {
        var (nearest, distance) = known.Select(candidate => (candidate, Distance(name, candidate))).MinBy(pair => pair.Item2);
        return distance <= 1 + (name.Length / 4) ? $"; did you mean '{nearest}'?" : ".";
    }

    private static int Distance(string left, string right)
    {
        var row = Enumerable.Range(0, right.Length + 1).ToArray();
        for (var i = 1; i <= left.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= right.Length; j++)
            {
                var substituted = diagonal + (char.ToLowerInvariant(left[i - 1]) == char.ToLowerInvariant(right[j - 1]) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(substituted, Math.Min(row[j], row[j - 1]) + 1);
            }
        }

        return row[right.Length];
    }

    [GeneratedRegex(@"^[+-]?(\d+|\d+\.\d*|\.\d+)(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|n|u|[eE][+-]?\d+)?$")]
    private static partial Regex Quantity();
}
