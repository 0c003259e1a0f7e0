using System.CommandLine;
using FanOut.Cli.Kubernetes.Rendering;
using Spectre.Console;

namespace FanOut.Cli.Kubernetes;

internal static class ValidateCommand
{
    public static Command Create(Workspace workspace)
    {
        var folder = new Argument<string?>("overlay") { Description = "A folder with a kustomization; all of deploy/kubernetes/overlays unless given.", Arity = ArgumentArity.ZeroOrOne };
        var command = new Command("validate", "Render the overlays and check every object against the API's types and this project's rules.") { folder };
        command.SetAction((arguments, cancellationToken) => ValidateAsync(workspace, arguments.GetValue(folder), cancellationToken));
        return command;
    }

    public static IEnumerable<string> Overlays(string root) => Directory.EnumerateDirectories(Path.Combine(root, "deploy", "kubernetes", "overlays")).Order(StringComparer.Ordinal);

    private static async Task<int> ValidateAsync(Workspace workspace, string? folder, CancellationToken cancellationToken)
    {
        var wrong = 0;
        foreach (var overlay in folder is null ? Overlays(workspace.Root) : [Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder))])
        {
            var name = Path.GetRelativePath(workspace.Root, overlay).Replace('\\', '/');
            try
            {
                var (rendered, findings) = await OverlayValidator.ValidateAsync(workspace.Root, overlay, cancellationToken);
                wrong += findings.Count;
                AnsiConsole.MarkupLine(findings.Count == 0
                    ? $"[green]{Markup.Escape(name)}[/]: {rendered.Manifests.Count} objects, nothing wrong"
                    : $"[red]{Markup.Escape(name)}[/]: {rendered.Manifests.Count} objects, {findings.Count} wrong");
                foreach (var finding in findings)
                {
                    Console.Out.WriteLine($"  {finding}");
                }
            }
            catch (RenderingException e)
            {
                wrong++;
                AnsiConsole.MarkupLine($"[red]{Markup.Escape(name)}[/]: cannot be rendered");
                Console.Out.WriteLine($"  {e.Message}");
            }
        }

        return wrong == 0 ? 0 : 1;
    }
}
