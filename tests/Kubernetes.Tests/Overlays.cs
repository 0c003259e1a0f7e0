using System.Text.Json.Nodes;
using FanOut.Cli.Kubernetes;
using FanOut.Cli.Kubernetes.Rendering;
using Xunit;

namespace FanOut.Kubernetes.Tests;

/// <summary>Every overlay of the repository, rendered once.</summary>
public sealed class Overlays : IAsyncLifetime
{
    private readonly Dictionary<string, IReadOnlyList<Manifest>> _rendered = [];

    internal IEnumerable<string> Names => _rendered.Keys;

    public async ValueTask InitializeAsync()
    {
        foreach (var folder in ValidateCommand.Overlays(Repository.Root))
        {
            _rendered[Path.GetFileName(folder)] = await Kustomize.RenderAsync(Repository.Root, folder, TestContext.Current.CancellationToken);
        }
    }

    public ValueTask DisposeAsync() => default;

    /// <summary>An overlay of the caller's own, to break.</summary>
    internal RenderedOverlay Copy(string name) => new(name, [.. _rendered[name].Select(manifest => new Manifest((JsonObject)manifest.Body.DeepClone(), manifest.Origin))]);

    /// <summary>An overlay whose objects were read.</summary>
    internal RenderedOverlay Read(string name)
    {
        var overlay = Copy(name);
        Assert.Empty(OverlayValidator.Validate(overlay));
        return overlay;
    }
}
