using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;
using Xunit;

namespace FanOut.AppHost.Tests;

/// <summary>What AppHost.cs says, read from the model it builds. The engine that reads it, .NET Aspire or EmbeddedHosting, makes no difference here.</summary>
public sealed class AppModelTests
{
    private static readonly string[] Services = ["order-api", "webhook-worker", "analytics-worker", "notification-worker", "reclaimer"];

    public static TheoryData<string> EachService => [.. Services];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task There_are_a_Redis_a_Postgres_with_a_database_and_five_services()
    {
        await using var app = await CreateAsync();

        Assert.IsType<RedisResource>(Find(app, "redis"));
        Assert.IsType<PostgresServerResource>(Find(app, "postgres"));
        Assert.Same(Find(app, "postgres"), Assert.IsType<PostgresDatabaseResource>(Find(app, "fanout")).Parent);
        Assert.Equal("fanout", ((PostgresDatabaseResource)Find(app, "fanout")).DatabaseName);
        Assert.Equal(Services, app.Resources.OfType<ProjectResource>().Select(project => project.Name));
    }

    [Theory]
    [InlineData("redis-password")]
    [InlineData("postgres-password")]
    public async Task Passwords_are_secrets_without_characters_that_a_connection_string_would_stumble_over(string name)
    {
        await using var app = await CreateAsync($"--Parameters:{name}=given");
        await using var another = await CreateAsync();
        var made = Assert.IsType<ParameterResource>(Find(another, name));

        Assert.True(made.Secret);
        Assert.Matches("^[A-Za-z0-9]{24,}$", await made.GetValueAsync(Cancellation));
        Assert.Equal("given", await ((ParameterResource)Find(app, name)).GetValueAsync(Cancellation));
        Assert.Same(made, name == "redis-password" ? ((RedisResource)Find(another, "redis")).PasswordParameter : ((PostgresServerResource)Find(another, "postgres")).PasswordParameter);
    }

    [Fact]
    public async Task Redis_keeps_what_it_was_told_and_never_evicts()
    {
        await using var app = await CreateAsync();
        var context = new CommandLineArgsCallbackContext([], Find(app, "redis"), Cancellation) { ExecutionContext = app.ExecutionContext };
        foreach (var annotation in Find(app, "redis").Annotations.OfType<CommandLineArgsCallbackAnnotation>())
        {
            await annotation.Callback(context);
        }

        var arguments = string.Join(' ', context.Args);
        Assert.Contains("--appendonly yes --appendfsync everysec", arguments, StringComparison.Ordinal);
        Assert.Contains("--maxmemory-policy noeviction", arguments, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(EachService))]
    public async Task A_service_knows_Redis_and_Postgres_and_waits_for_both(string name)
    {
        await using var app = await CreateAsync();
        var service = Find(app, name);
        var variables = await EnvironmentAsync(app, name);

        Assert.Contains("ConnectionStrings__redis", variables);
        Assert.Contains("ConnectionStrings__fanout", variables);
        var waits = service.Annotations.OfType<WaitAnnotation>().ToArray();
        Assert.Equivalent(new[] { "redis", "fanout" }, waits.Select(wait => wait.Resource.Name).Except(["postgres"]));
        Assert.All(waits, wait => Assert.Equal(WaitType.WaitUntilHealthy, wait.WaitType));
    }

    [Theory]
    [MemberData(nameof(EachService))]
    public async Task A_service_is_asked_for_its_health_on_its_one_endpoint(string name)
    {
        await using var app = await CreateAsync();
        var service = Find(app, name);

        var endpoint = Assert.Single(service.Annotations.OfType<EndpointAnnotation>());
        Assert.Equal(("http", "http"), (endpoint.Name, endpoint.UriScheme));
        Assert.Equal($"{name}_http_/health_200_check", Assert.Single(service.Annotations.OfType<HealthCheckAnnotation>()).Key);
    }

    [Fact]
    public async Task People_go_to_the_order_API_and_nowhere_else()
    {
        await using var app = await CreateAsync();

        Assert.Equal(
            ["order-api"],
            Services.Where(name => Find(app, name).Annotations.OfType<EndpointAnnotation>().Single().IsExternal));
        Assert.Equal(5080, Find(app, "order-api").Annotations.OfType<EndpointAnnotation>().Single().Port);
    }

    [Theory]
    [MemberData(nameof(EachService))]
    public async Task Replicas_and_ports_are_configuration(string name)
    {
        await using var usual = await CreateAsync();
        await using var app = await CreateAsync($"--Replicas:{name}=3", $"--Ports:{name}=15999");

        Assert.Equal(1, Replicas(Find(usual, name)));
        Assert.Equal(3, Replicas(Find(app, name)));
        Assert.Equal(15999, Find(app, name).Annotations.OfType<EndpointAnnotation>().Single().Port);
        Assert.All(Services.Where(other => other != name), other => Assert.Equal(1, Replicas(Find(app, other))));
    }

    [Fact]
    public async Task Webhooks_may_go_to_this_machine_only_while_developing()
    {
        await using var app = await CreateAsync();

        Assert.Equal("true", (await EnvironmentAsync(app, "webhook-worker"))["Webhooks__AllowPrivateNetworks"]);
        Assert.All(
            await Task.WhenAll(Services.Where(name => name != "webhook-worker").Select(name => EnvironmentAsync(app, name))),
            variables => Assert.DoesNotContain("Webhooks__AllowPrivateNetworks", variables));
    }

    [Fact]
    public async Task The_order_API_has_a_button_that_places_demo_orders()
    {
        await using var app = await CreateAsync();

        var command = Find(app, "order-api").Annotations.OfType<ResourceCommandAnnotation>().Single(command => command.Name == "place-demo-orders");
        Assert.Equal("Place 100 demo orders", command.DisplayName);
    }

    [Theory]
    [InlineData("kubernetes")]
    [InlineData("docker-compose")]
    public async Task Where_to_publish_is_configuration_and_no_part_of_what_runs(string target)
    {
        await using var app = await CreateAsync($"--PublishTarget={target}");

        Assert.DoesNotContain(app.Resources, resource => resource.Name == target);
    }

    [Fact]
    public async Task An_unknown_place_to_publish_to_is_refused_by_name()
    {
        var failure = await Assert.ThrowsAnyAsync<Exception>(async () => await CreateAsync("--PublishTarget=nomad"));

        Assert.Contains("PublishTarget is 'nomad'", failure.ToString(), StringComparison.Ordinal);
    }

    private static Task<IDistributedApplicationTestingBuilder> CreateAsync(params string[] arguments) =>
        DistributedApplicationTestingBuilder.CreateAsync<Projects.AppHost>(arguments, Cancellation);

    private static IResource Find(IDistributedApplicationTestingBuilder app, string name) => app.Resources.Single(resource => resource.Name == name);

    private static int Replicas(IResource resource) => resource.Annotations.OfType<ReplicaAnnotation>().LastOrDefault()?.Replicas ?? 1;

    /// <summary>What this file's subject sets; what the engine itself adds (ports, telemetry) is not known before it runs.</summary>
    private static async Task<Dictionary<string, object>> EnvironmentAsync(IDistributedApplicationTestingBuilder app, string name)
    {
        var context = new EnvironmentCallbackContext(app.ExecutionContext, Find(app, name), [], Cancellation);
        foreach (var annotation in Find(app, name).Annotations.OfType<EnvironmentCallbackAnnotation>())
        {
            await annotation.Callback(context);
        }

        return context.EnvironmentVariables;
    }
}
