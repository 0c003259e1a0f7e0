using System.Globalization;
using System.Text.Json.Nodes;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace FanOut.Cli.Kubernetes.Rendering;

/// <summary>Reads the YAML that kustomize writes.</summary>
internal static class ManifestReader
{
    private const string OriginAnnotation = "config.kubernetes.io/origin";

    /// <param name="yaml">Any number of documents.</param>
    /// <param name="renderedIn">The folder that the origins of the objects are relative to.</param>
    /// <param name="root">The folder that they are shown relative to.</param>
    /// <exception cref="RenderingException">A document is no YAML, or no object.</exception>
    public static IReadOnlyList<Manifest> Read(string yaml, string renderedIn, string root)
    {
        var stream = new YamlStream();
        try
        {
            stream.Load(new StringReader(yaml));
        }
        catch (YamlException e)
        {
            throw new RenderingException($"The rendered text is no YAML, at {e.Start}: {e.Message}");
        }

        return [.. stream.Documents.Select(document => ToManifest(document.RootNode, renderedIn, root))];
    }

    private static Manifest ToManifest(YamlNode node, string renderedIn, string root)
    {
        if (ToJson(node) is not JsonObject body)
        {
            throw new RenderingException($"The rendered document at {node.Start} is no object.");
        }

        return new Manifest(body, TakeOrigin(body, renderedIn, root));
    }

    private static string TakeOrigin(JsonObject body, string renderedIn, string root)
    {
        if (body["metadata"] is not JsonObject metadata || metadata["annotations"] is not JsonObject annotations || annotations[OriginAnnotation]?.ToString() is not { } origin)
        {
            return "(unknown file)";
        }

        annotations.Remove(OriginAnnotation);
        if (annotations.Count == 0)
        {
            metadata.Remove("annotations");
        }

        // "path: ../x.yaml", or for what a generator made "configuredIn: ../kustomization.yaml".
        var lines = origin.Split('\n').Select(line => line.Split(": ", 2)).Where(pair => pair.Length == 2).ToDictionary(pair => pair[0].Trim(), pair => pair[1].Trim());
        return (lines.GetValueOrDefault("path") ?? lines.GetValueOrDefault("configuredIn")) is { } path
            ? Path.GetRelativePath(root, Path.GetFullPath(path, renderedIn)).Replace('\\', '/')
            : "(unknown file)";
    }

    private static JsonNode? ToJson(YamlNode node) => node switch
    {
        YamlMappingNode mapping => new JsonObject(mapping.Children.Select(pair => KeyValuePair.Create(((YamlScalarNode)pair.Key).Value ?? "", ToJson(pair.Value)))),
        YamlSequenceNode sequence => new JsonArray([.. sequence.Children.Select(ToJson)]),
        YamlScalarNode scalar => ToJson(scalar),
        _ => null,
    };

    private static JsonValue? ToJson(YamlScalarNode scalar)
    {
        var text = scalar.Value ?? "";
        if (scalar.Style is not ScalarStyle.Plain || scalar.Tag == "tag:yaml.org,2002:str")
        {
            return JsonValue.Create(text);
        }

        return text switch
        {
            "" or "~" or "null" or "Null" or "NULL" => null,
            "true" or "True" or "TRUE" => JsonValue.Create(true),
            "false" or "False" or "FALSE" => JsonValue.Create(false),
            _ when long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole) => JsonValue.Create(whole),
            _ when (char.IsAsciiDigit(text[0]) || text[0] is '-' or '+' or '.') && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) => JsonValue.Create(number),
            _ => JsonValue.Create(text),
        };
    }
}
