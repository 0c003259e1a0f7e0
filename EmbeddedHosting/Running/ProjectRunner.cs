using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using FanOut.EmbeddedHosting.Processes;

namespace FanOut.EmbeddedHosting.Running;

internal sealed class ProjectRunner(ProjectResource project, string instance, int replica, RunnerContext context) : ProcessRunner(project, instance, replica, context)
{
    private static readonly HttpClient Http = new(new SocketsHttpHandler { UseProxy = false, PooledConnectionLifetime = TimeSpan.FromSeconds(30) });

    private readonly IProjectMetadata _metadata = project.Annotations.OfType<IProjectMetadata>().Last();

    protected override string TypeName => "Project";

    private string TargetPath => ((IBuiltProject)_metadata).TargetPath;

    public override void CheckPrerequisites()
    {
        if (_metadata is not IBuiltProject)
        {
            throw new DistributedApplicationException($"'{Resource.Name}' was added with a class of its own ({_metadata.GetType()}). This engine starts projects that the AppHost references: add a ProjectReference and use the class generated from it in the namespace Projects.");
        }

        if (!File.Exists(TargetPath))
        {
            throw new DistributedApplicationException($"'{Resource.Name}' is not built: {TargetPath} does not exist. Build the solution first (dotnet build).");
        }
    }

    protected override async Task<ProcessSpec> PrepareAsync(CancellationToken cancellationToken) =>
        new(Instance, DotnetHost(), await Context.Environments.ArgumentsAsync(Resource, [TargetPath], cancellationToken))
        {
            WorkingDirectory = Path.GetDirectoryName(Directory.Exists(Path.GetDirectoryName(_metadata.ProjectPath)) ? _metadata.ProjectPath : TargetPath),
            Environment = await Context.Environments.CreateAsync((ProjectResource)Resource, Instance, Replica, cancellationToken),
            StopTimeout = Context.Options.StopTimeout,
        };

    protected override async Task<string?> CheckHealthAsync(CancellationToken cancellationToken)
    {
        foreach (var check in Resource.Annotations.OfType<HttpHealthCheckAnnotation>())
        {
            var endpoint = new EndpointReference((IResourceWithEndpoints)Resource, check.EndpointName).EndpointAnnotation.Allocated[Replica];
            using var response = await Http.GetAsync(new Uri(endpoint, check.Path), HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            if ((int)response.StatusCode != check.StatusCode)
            {
                var answer = await response.Content.ReadAsStringAsync(cancellationToken);
                return $"GET {check.Path} answered {(int)response.StatusCode} {answer[..Math.Min(answer.Length, 200)].ReplaceLineEndings(" ")}".TrimEnd();
            }
        }

        return null;
    }

    /// <summary>The dotnet that runs this host also runs the projects.</summary>
    private static string DotnetHost()
    {
        var name = OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet";
        var beside = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(typeof(object).Assembly.Location)!, "..", "..", "..", name));
        return File.Exists(beside) ? beside : Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";
    }
}
