using System.CommandLine;

namespace FanOut.Cli.Kubernetes;

internal static class KubernetesCommand
{
    public static Command Create(Workspace workspace) => new("k8s", "The deployment to Kubernetes.") { ValidateCommand.Create(workspace) };
}
