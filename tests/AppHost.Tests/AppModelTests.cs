using System.Diagnostics;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;
using Xunit;

namespace FanOut.AppHost.Tests;

/// <summary>The model that AppHost.cs builds, with Redis and Postgres as containers and as local processes.</summary>
public sealed class AppModelTests
{
    private const string Console = "stream-console";

    private static readonly string[] Services =
        ["order-api", "webhook-worker", "analytics-worker", "notification-worker", "reclaimer", Console];

    /// <summary>They use Redis.</summary>
    private static readonly string[] OfTheBus = [.. Services.Except([Console])];

    public static TheoryData<string> EachService => [.. Services];

    public static TheoryData<string, bool> EachServiceOfTheBusOnEachServer =>
        new MatrixTheoryData<string, bool>(OfTheBus, [true, false]);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task With_containers_the_model_has_both_servers_and_all_services()
    {
        await using var app = await CreateAsync("--Containers=true");

        Assert.IsType<RedisResource>(Find(app, "redis"));
        Assert.Same(Find(app, "postgres"), Assert.IsType<PostgresDatabaseResource>(Find(app, "fanout")).Parent);
        Assert.Equal("fanout", (await EnvironmentAsync(app, "postgres"))["POSTGRES_DB"]);
        Assert.All(new[] { "redis", "postgres" }, name =>
            Assert.Equal($"fanout-{name}", Assert.Single(Find(app, name).Annotations.OfType<ContainerMountAnnotation>()).Source));
        Assert.Equal(["migrator", .. Services], app.Resources.OfType<ProjectResource>().Select(project => project.Name));
    }

    [Fact]
    public async Task Without_containers_the_same_resources_are_processes()
    {
        await using var app = await CreateAsync("--Containers=false");

        Assert.All(new[] { "redis", "postgres" }, name => Assert.IsAssignableFrom<ExecutableResource>(Find(app, name)));
        Assert.All(new[] { "redis", "fanout" }, name => Assert.IsAssignableFrom<IResourceWithConnectionString>(Find(app, name)));
        Assert.DoesNotContain(app.Resources, resource => resource is ContainerResource);
        Assert.Equal(["migrator", .. Services], app.Resources.OfType<ProjectResource>().Select(project => project.Name));
    }

    [Fact]
    public async Task An_invalid_value_of_Containers_stops_the_start()
    {
        var failure = await Assert.ThrowsAnyAsync<Exception>(async () => await CreateAsync("--Containers=maybe"));

        Assert.Contains("Containers is 'maybe'. Set it to true or false, or leave it out.", failure.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Redis_is_durable_and_never_evicts(bool containers)
    {
        await using var app = await CreateAsync($"--Containers={containers}");
        var arguments = containers ? await ArgumentsAsync(app, "redis") : (string)(await EnvironmentAsync(app, "redis"))["REDIS_ARGS"];

        Assert.Contains("--appendonly yes --appendfsync everysec --maxmemory-policy noeviction", arguments, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_Redis_container_has_the_users_of_the_file()
    {
        await using var app = await CreateAsync("--Containers=true");
        var shell = await ArgumentsAsync(app, "redis");
        var start = new ProcessStartInfo("/bin/sh", ["-c", $"printf '%s\\n' {shell}"]) { RedirectStandardOutput = true };
        foreach (var service in OfTheBus)
        {
            start.Environment[$"FANOUT_{service.Replace('-', '_').ToUpperInvariant()}_PASSWORD"] = "PASSWORD";
        }

        using var printf = Process.Start(start)!;
        var arguments = await printf.StandardOutput.ReadToEndAsync(Cancellation);

        var users = string.Join(' ', arguments.Split('\n')).Split(" --").Where(setting => setting.StartsWith("user ", StringComparison.Ordinal));
        Assert.Equal(await UsersAsync(), users.Select(user => user.Trim()));
    }

    [Fact]
    public async Task The_Redis_process_has_the_users_of_the_file_with_their_passwords()
    {
        await using var app = await CreateAsync("--Containers=false");
        var lines = ((ReferenceExpression)(await EnvironmentAsync(app, "redis"))["REDIS_USERS"]).ValueExpression;

        var wanted = (await UsersAsync()).Zip(
            OfTheBus, (user, service) => user.Replace("PASSWORD", $"{{{service}-password.value}}", StringComparison.Ordinal));
        Assert.Equal(wanted, lines.TrimEnd().Split('\n'));
    }

    [Theory]
    [MemberData(nameof(EachServiceOfTheBusOnEachServer))]
    public async Task A_service_logs_in_as_itself(string name, bool containers)
    {
        await using var app = await CreateAsync($"--Containers={containers}");
        var variables = await EnvironmentAsync(app, name);

        var redis = Assert.IsType<ReferenceExpression>(variables["ConnectionStrings__redis"]).ValueExpression;
        var database = Assert.IsType<ReferenceExpression>(variables["ConnectionStrings__fanout"]).ValueExpression;
        Assert.EndsWith($",user=fanout-{name},password={{{name}-password.value}}", redis, StringComparison.Ordinal);
        Assert.EndsWith(
            $";Username=fanout_{name.Replace('-', '_')};Password={{{name}-password.value}};Database=fanout", database, StringComparison.Ordinal);
        Assert.Contains($"Roles__{name}__Password", await EnvironmentAsync(app, "migrator"));
    }

    [Theory]
    [InlineData("redis-password")]
    [InlineData("postgres-password")]
    [InlineData("order-api-password")]
    public async Task Passwords_are_secret_and_need_no_escaping(string name)
    {
        await using var app = await CreateAsync("--Containers=true");
        var password = Assert.IsType<ParameterResource>(Find(app, name));

        Assert.True(password.Secret);
        Assert.Matches("^[A-Za-z0-9]{24,}$", await password.GetValueAsync(Cancellation));
    }

    [Theory]
    [MemberData(nameof(EachServiceOfTheBusOnEachServer))]
    public async Task Services_get_both_connection_strings_and_wait_for_both_servers(string name, bool containers)
    {
        await using var app = await CreateAsync($"--Containers={containers}");
        var variables = await EnvironmentAsync(app, name);

        Assert.Contains("ConnectionStrings__redis", variables);
        Assert.Contains("ConnectionStrings__fanout", variables);
        Assert.Equal("32", variables["Postgres__MaxAutoPrepare"]);
        var all = Find(app, name).Annotations.OfType<WaitAnnotation>().ToArray();
        Assert.Equal("migrator", Assert.Single(all, wait => wait.WaitType == WaitType.WaitForCompletion).Resource.Name);
        var waits = all.Where(wait => wait.WaitType != WaitType.WaitForCompletion).ToArray();
        Assert.Equivalent(new[] { "redis", "fanout" }, waits.Select(wait => wait.Resource.Name).Except(["postgres"]));
        Assert.All(waits, wait => Assert.Equal(WaitType.WaitUntilHealthy, wait.WaitType));
    }

    [Theory]
    [MemberData(nameof(EachService))]
    public async Task A_service_has_one_endpoint_with_a_health_check(string name)
    {
        await using var app = await CreateAsync();
        var service = Find(app, name);

        var endpoint = Assert.Single(service.Annotations.OfType<EndpointAnnotation>());
        Assert.Equal(("http", "http"), (endpoint.Name, endpoint.UriScheme));
        Assert.Equal($"{name}_http_/health_200_check", Assert.Single(service.Annotations.OfType<HealthCheckAnnotation>()).Key);
    }

    [Theory]
    [MemberData(nameof(EachService))]
    public async Task A_service_runs_as_its_built_program(string name)
    {
        await using var app = await CreateAsync();

        var program = Find(app, name).Annotations.OfType<ExecutableAnnotation>().Last();
        Assert.True(File.Exists(program.Command), $"{program.Command} is missing.");
    }

    [Fact]
    public async Task Only_the_order_API_and_the_console_have_an_external_endpoint()
    {
        await using var app = await CreateAsync();

        Assert.Equal(
            [("order-api", 5080), (Console, 5081)],
            Services.Select(name => (name, Endpoint: Find(app, name).Annotations.OfType<EndpointAnnotation>().Single()))
                .Where(service => service.Endpoint.IsExternal).Select(service => (service.name, service.Endpoint.Port!.Value)));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_console_logs_in_to_Postgres_only_and_waits_for_no_service(bool containers)
    {
        await using var app = await CreateAsync($"--Containers={containers}");
        var variables = await EnvironmentAsync(app, Console);

        Assert.DoesNotContain("ConnectionStrings__redis", variables);
        Assert.EndsWith(
            $";Username=fanout_stream_console;Password={{{Console}-password.value}};Database=fanout",
            Assert.IsType<ReferenceExpression>(variables["ConnectionStrings__fanout"]).ValueExpression,
            StringComparison.Ordinal);
        Assert.Contains($"Roles__{Console}__Password", await EnvironmentAsync(app, "migrator"));
        Assert.All(OfTheBus, name => Assert.Contains($"services__{name}__http__0", variables));
        Assert.Equivalent(
            new[] { "fanout", "migrator" },
            Find(app, Console).Annotations.OfType<WaitAnnotation>().Select(wait => wait.Resource.Name).Except(["postgres"]));
    }

    [Theory]
    [MemberData(nameof(EachService))]
    public async Task Settings_set_replicas_and_ports(string name)
    {
        await using var app = await CreateAsync($"--Replicas:{name}=3", $"--Ports:{name}=15999");

        Assert.Equal(3, Replicas(Find(app, name)));
        Assert.Equal(15999, Find(app, name).Annotations.OfType<EndpointAnnotation>().Single().Port);
        Assert.All(Services.Where(other => other != name), other => Assert.Equal(1, Replicas(Find(app, other))));
    }

    [Fact]
    public async Task Webhooks_may_go_to_private_networks_when_run_locally()
    {
        await using var app = await CreateAsync();

        Assert.Equal("true", (await EnvironmentAsync(app, "webhook-worker"))["Webhooks__AllowPrivateNetworks"]);
    }

    [Theory]
    [InlineData("order-api", "place-demo-orders", "Place 100 demo orders")]
    [InlineData("reclaimer", "redrive-dead-letters", "Redrive dead letters")]
    public async Task The_dashboard_has_commands(string resource, string name, string label)
    {
        await using var app = await CreateAsync();

        Assert.Equal(label, Find(app, resource).Annotations.OfType<ResourceCommandAnnotation>().Single(command => command.Name == name).DisplayName);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Only_the_migrator_gets_the_development_key(bool containers)
    {
        await using var app = await CreateAsync($"--Containers={containers}");
        var secret = Assert.IsType<ParameterResource>(Find(app, "development-key"));
        var key = Assert.IsType<ReferenceExpression>((await EnvironmentAsync(app, "migrator"))["Access__DevelopmentKey"]);

        Assert.True(secret.Secret);
        Assert.Matches(@"^fanout_development\.[A-Za-z0-9]{43}$", await key.GetValueAsync(Cancellation));
        foreach (var name in Services)
        {
            Assert.DoesNotContain("Access__DevelopmentKey", await EnvironmentAsync(app, name));
        }
    }

    private static Task<IDistributedApplicationTestingBuilder> CreateAsync(params string[] arguments) =>
        DistributedApplicationTestingBuilder.CreateAsync<Projects.AppHost>(arguments, Cancellation);

    private static Task<string[]> UsersAsync() => File.ReadAllLinesAsync(
        Path.Combine(Projects.AppHost.ProjectPath, "..", "deploy", "redis", "users.acl"), Cancellation);

    private static IResource Find(IDistributedApplicationTestingBuilder app, string name) => app.Resources.Single(resource => resource.Name == name);

    private static int Replicas(IResource resource) => resource.Annotations.OfType<ReplicaAnnotation>().LastOrDefault()?.Replicas ?? 1;

    private static async Task<string> ArgumentsAsync(IDistributedApplicationTestingBuilder app, string name)
    {
        var context = new CommandLineArgsCallbackContext([], Find(app, name), Cancellation) { ExecutionContext = app.ExecutionContext };
        foreach (var annotation in Find(app, name).Annotations.OfType<CommandLineArgsCallbackAnnotation>())
        {
            await annotation.Callback(context);
        }

        return string.Join(' ', context.Args);
    }

    /// <summary>The variables that the model sets. Ports and telemetry are added when it runs.</summary>
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
