using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Xunit;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using YamlDotNet.Serialization;

namespace FanOut.Kubernetes.Tests;

/// <summary>Every overlay of deploy/kubernetes/overlays, rendered once.</summary>
public sealed class Overlays : IAsyncLifetime
{
    private static readonly IDeserializer Yaml = new DeserializerBuilder().WithAttemptingUnquotedStringTypeDeserialization().Build();
    private readonly Dictionary<string, string> _rendered = [];

    internal IEnumerable<string> Names => _rendered.Keys;

    public async ValueTask InitializeAsync()
    {
        foreach (var folder in Directory.EnumerateDirectories(Path.Combine(Repository.Root, "deploy", "kubernetes", "overlays")))
        {
            _rendered[Path.GetFileName(folder)] = await RenderAsync(folder);
        }
    }

    public ValueTask DisposeAsync() => default;

    /// <summary>An overlay whose objects were read without an error.</summary>
    internal Overlay Read(string name)
    {
        var overlay = new Overlay(Documents(name));
        Assert.Empty(overlay.SchemaErrors);
        return overlay;
    }

    /// <summary>The objects of an overlay, for the caller to change.</summary>
    internal List<JsonObject> Documents(string name) => Parse(_rendered[name]);

    internal static List<JsonObject> Parse(string yaml)
    {
        var parser = new Parser(new StringReader(yaml));
        var documents = new List<JsonObject>();
        parser.Consume<StreamStart>();
        while (parser.Accept<DocumentStart>(out _))
        {
            documents.Add((JsonObject)JsonSerializer.SerializeToNode(Yaml.Deserialize<object>(parser))!);
        }

        return documents;
    }

    /// <summary>Sets the value at a path such as spec/replicas; null removes it, and - adds to a list.</summary>
    internal static void Set(JsonNode node, string path, string? yaml)
    {
        var steps = path.Split('/').Select(step => step.Replace("~1", "/", StringComparison.Ordinal)).ToArray();
        node = steps[..^1].Aggregate(
            node, (parent, step) => (parent is JsonArray list ? list[int.Parse(step, CultureInfo.InvariantCulture)] : parent[step])!);
        var value = yaml is null ? null : JsonSerializer.SerializeToNode(Yaml.Deserialize<object>(yaml));
        switch (node, steps[^1])
        {
            case (JsonObject map, var key) when yaml is null:
                Assert.True(map.Remove(key), $"There is no {path} to remove.");
                break;
            case (JsonArray list, "-"):
                list.Add(value);
                break;
            case (JsonArray list, var index):
                list[int.Parse(index, CultureInfo.InvariantCulture)] = value;
                break;
            case (_, var key):
                node[key] = value;
                break;
        }
    }

    private static async Task<string> RenderAsync(string folder)
    {
        using var process = new Process();
        process.StartInfo = new("kubectl", ["kustomize", folder]) { RedirectStandardOutput = true, RedirectStandardError = true };
        try
        {
            process.Start();
        }
        catch (Win32Exception)
        {
            Assert.Fail("kubectl is missing: install 1.27 or later (https://kubernetes.io/docs/tasks/tools/); Debian's is too old.");
        }

        var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0, $"kubectl kustomize {folder} failed: {await error}");
        return output;
    }
}
