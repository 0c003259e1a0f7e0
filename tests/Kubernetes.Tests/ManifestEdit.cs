using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using FanOut.Cli.Kubernetes;

namespace FanOut.Kubernetes.Tests;

internal static partial class ManifestEdit
{
    /// <summary>Puts a value, as JSON, where the path says; null removes what is there.</summary>
    public static void Set(this RenderedOverlay overlay, string name, string path, string? json)
    {
        JsonNode node = overlay.Manifests.Single(manifest => manifest.ToString() == name).Body;
        var steps = Step().Matches(path).Select(match => match.Groups["key"].Success ? match.Groups["key"].Value : match.Value.Trim('[', ']')).ToArray();
        foreach (var step in steps[..^1])
        {
            node = (node is JsonArray list ? list[int.Parse(step, CultureInfo.InvariantCulture)] : node[step]) ?? throw new InvalidOperationException($"{name} has no {step} on the way to {path}.");
        }

        switch (node)
        {
            case JsonArray list when json is null:
                list.RemoveAt(int.Parse(steps[^1], CultureInfo.InvariantCulture));
                break;
            case JsonArray list when steps[^1] == "-":
                list.Add(JsonNode.Parse(json));
                break;
            case JsonArray list:
                list[int.Parse(steps[^1], CultureInfo.InvariantCulture)] = JsonNode.Parse(json);
                break;
            case JsonObject map when json is null:
                if (!map.Remove(steps[^1]))
                {
                    throw new InvalidOperationException($"{name} has no {path} to remove.");
                }

                break;
            default:
                node[steps[^1]] = JsonNode.Parse(json!);
                break;
        }
    }

    /// <summary>The overlay with another object in it.</summary>
    public static RenderedOverlay With(this RenderedOverlay overlay, string json) =>
        new(overlay.Name, [.. overlay.Manifests, new Manifest((JsonObject)JsonNode.Parse(json)!, "added.yaml")]);

    /// <summary>The overlay without one of its objects.</summary>
    public static RenderedOverlay Without(this RenderedOverlay overlay, string name) => new(overlay.Name, [.. overlay.Manifests.Where(manifest => manifest.ToString() != name)]);

    [GeneratedRegex(@"\['(?<key>[^']+)'\]|\[(?:\d+|-)\]|(?<key>[^.\[\]]+)")]
    private static partial Regex Step();
}
