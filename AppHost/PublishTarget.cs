namespace FanOut.AppHost;

internal static class PublishTarget
{
    private const string Key = "PublishTarget";

    /// <summary>Where <c>aspire publish</c> and <c>aspire deploy</c> go. One at a time: a resource cannot be in two. A manifest, which is what azd asks for, goes nowhere: azd decides.</summary>
    public static void AddPublishTarget(this IDistributedApplicationBuilder builder)
    {
        if (builder.Configuration["Pipeline:Step"] == "publish-manifest")
        {
            return;
        }

        switch (builder.Configuration[Key])
        {
            case null or "" or "kubernetes":
                builder.AddKubernetesEnvironment("kubernetes").WithProperties(cluster => cluster.DefaultStorageType = "pvc");
                break;
            case "docker-compose":
                builder.AddDockerComposeEnvironment("docker-compose");
                break;
            case var other:
                throw new DistributedApplicationException($"{Key} is '{other}'. Set it to kubernetes or docker-compose.");
        }
    }
}
