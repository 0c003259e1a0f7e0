namespace FanOut.Cli.Kubernetes.Rules;

/// <summary>Time to end: preStop, then as long as a service takes to finish and acknowledge its batches, and some more. Killed earlier, its work is only reclaimed a minute later.</summary>
internal sealed class GracePeriodRule() : ManifestRule("grace period")
{
    /// <summary>What the services' own shutdown is limited to (HostOptions.ShutdownTimeout in ServiceDefaults).</summary>
    internal static readonly TimeSpan ShutdownTimeout = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan KubernetesDefault = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(5);

    public override IEnumerable<Finding> Check(RenderedOverlay overlay)
    {
        foreach (var workload in overlay.Workloads)
        {
            var beforeStop = TimeSpan.FromSeconds(workload.ServingContainers.Max(pair => pair.Container.Lifecycle?.PreStop?.Sleep?.Seconds ?? 0));
            var least = beforeStop + ShutdownTimeout + Margin;
            var grace = workload.Pod.TerminationGracePeriodSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : KubernetesDefault;
            if (grace < least)
            {
                yield return Finds(
                    workload.Manifest,
                    $"{Workload.PodPath}.terminationGracePeriodSeconds",
                    $"is {grace.TotalSeconds}, but must be at least {least.TotalSeconds}: {beforeStop.TotalSeconds} s of preStop, {ShutdownTimeout.TotalSeconds} s to finish a batch, {Margin.TotalSeconds} s to spare.");
            }
        }
    }
}
