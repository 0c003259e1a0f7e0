using System.ComponentModel;
using System.Diagnostics;

namespace FanOut.Cli.Kubernetes.Rendering;

/// <summary>Renders kustomizations with <c>kubectl</c>, or with <c>kustomize</c> where there is no kubectl.</summary>
internal static class Kustomize
{
    private static readonly (string Program, string Verb)[] Programs = [("kubectl", "kustomize"), ("kustomize", "build")];

    /// <exception cref="RenderingException">There is no program that renders, or it refused.</exception>
    public static async Task<IReadOnlyList<Manifest>> RenderAsync(string root, string folder, CancellationToken cancellationToken)
    {
        folder = Path.GetFullPath(folder);
        var wrapper = Directory.CreateTempSubdirectory("fanout-kustomize-").FullName;
        try
        {
            // A kustomization around the overlay, for what it is asked to add: in which file each object was written.
            await File.WriteAllTextAsync(
                Path.Combine(wrapper, "kustomization.yaml"),
                $"buildMetadata: [originAnnotations]\nresources: [\"{Path.GetRelativePath(wrapper, folder).Replace('\\', '/')}\"]\n",
                cancellationToken);
            return ManifestReader.Read(await RunAsync(wrapper, Path.GetRelativePath(root, folder), cancellationToken), wrapper, root);
        }
        finally
        {
            Directory.Delete(wrapper, recursive: true);
        }
    }

    private static async Task<string> RunAsync(string wrapper, string name, CancellationToken cancellationToken)
    {
        foreach (var (program, verb) in Programs)
        {
            using var process = new Process { StartInfo = new ProcessStartInfo(program, [verb, wrapper]) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true } };
            try
            {
                process.Start();
            }
            catch (Win32Exception)
            {
                continue;
            }

            var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
            var error = process.StandardError.ReadToEndAsync(cancellationToken);
            await process.WaitForExitAsync(cancellationToken);
            return process.ExitCode == 0 ? await output : throw new RenderingException($"{program} {verb} {name} failed: {(await error).Trim()}");
        }

        throw new RenderingException(
            "There is neither kubectl nor kustomize on the PATH. Install kubectl 1.27 or later (https://kubernetes.io/docs/tasks/tools/) or kustomize 5 (https://kubectl.docs.kubernetes.io/installation/kustomize/); "
            + "Debian's kubernetes-client is too old to render these files.");
    }
}
