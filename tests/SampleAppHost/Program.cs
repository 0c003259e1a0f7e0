using Microsoft.Extensions.Configuration;

var builder = DistributedApplication.CreateBuilder(args);
var cache = builder.AddRedis("cache").WithDataVolume().WithArgs("--appendonly", "yes", "--maxmemory-policy", "noeviction");
var things = builder.AddPostgres("server").WithDataVolume().AddDatabase("things");
var first = builder.AddProject<Projects.SampleService>("first")
    .WithHttpEndpoint()
    .WithHttpHealthCheck("/health")
    .WithReference(cache).WaitFor(cache)
    .WithReference(things).WaitFor(things)
    .WithHttpCommand("/environment", "Ask", commandName: "ask", commandOptions: new()
    {
        Method = HttpMethod.Get,
        GetCommandResult = async answer => CommandResults.Success(await answer.Response.Content.ReadAsStringAsync(answer.CancellationToken)),
    })
    .WithHttpCommand("/nowhere", "Ask in vain", commandName: "ask-in-vain")
    .WithReplicas(builder.Configuration.GetValue("Replicas", 1));
builder.AddProject<Projects.SampleService>("second")
    .WithHttpEndpoint(port: builder.Configuration.GetValue<int?>("SecondPort"), env: "SAMPLE_PORT")
    .WithHttpHealthCheck("/health")
    .WithReference(first).WaitFor(first)
    .WithEnvironment("SAMPLE_CRASH", builder.Configuration["Crash"] ?? "false");
builder.Build().Run();
