using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using FanOut.ServiceDefaults.Telemetry;
using FanOut.TestServers;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Npgsql;
using OpenTelemetry;
using OpenTelemetry.Trace;
using StackExchange.Redis;
using Xunit;

namespace FanOut.Services.Tests.ServiceDefaults;

/// <summary>
/// Sources and listeners are global to a process. So nothing else may run beside these tests, and two services in one process see
/// each other's spans.
/// </summary>
[CollectionDefinition(nameof(TelemetryTests), DisableParallelization = true)]
[Collection(nameof(TelemetryTests))]
public sealed class TelemetryTests
{
    private readonly ConcurrentQueue<RecordedSpan> _spans = [];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_request_s_queries_and_commands_are_children_of_its_span()
    {
        await using (var service = await StartAsync())
        {
            await service.Http.GetAsync(new Uri("/effect", UriKind.Relative), Cancellation);
        }

        var spans = _spans.ToArray();
        var request = Assert.Single(spans, span => span.Kind == "Server");
        var query = Assert.Single(spans, span => span.Source == "Npgsql" && span.Tags.Values.Any(value => value.Contains("4242")));
        var command = Assert.Single(spans, span => span.Name == "ECHO");
        Assert.Equal(DefaultService.Name, request.Service);
        Assert.All([query, command], span => Assert.Equal((request.TraceId, request.SpanId, "Client"), (span.TraceId, span.ParentSpanId, span.Kind)));
        Assert.Equal(("redis", "ECHO"), (command.Tags["db.system.name"], command.Tags["db.operation.name"]));
        Assert.Equal(("select", "select"), (query.Name, query.Tags["db.query.summary"]));
        var batch = Assert.Single(spans, span => span.Source == "Npgsql" && span.Name.StartsWith("BATCH", StringComparison.Ordinal));
        Assert.Equal("BATCH select pg_class; select pg_backend_pid", batch.Name);
    }

    [Fact]
    public async Task An_idle_system_makes_no_traces()
    {
        await using (var service = await StartAsync())
        {
            foreach (var path in new[] { "/health", "/alive", "/metrics" })
            {
                using var answer = await service.Http.GetAsync(new Uri(path, UriKind.Relative), Cancellation);
                answer.EnsureSuccessStatusCode();
            }

            // What a relay and a lane do all day.
            await PollAsync(service.App.Services);

            // Without this one span the test would pass if nothing were ever written.
            await service.Http.GetAsync(new Uri("/effect", UriKind.Relative), Cancellation);
        }

        var spans = _spans;
        Assert.Single(spans.Select(span => span.TraceId).Distinct());
        Assert.Single(spans, span => span.ParentSpanId is null);
    }

    [Fact]
    public async Task A_trace_runs_through_two_services_and_links_are_kept()
    {
        using var source = new ActivitySource("FanOut.Tests.Links");
        await using (var far = await StartAsync("far"))
        {
            await using var near = await StartAsync("near", app => app.MapGet("/call", async (IHttpClientFactory clients) =>
            {
                using var client = clients.CreateClient();
                using (source.StartActivity("linking", ActivityKind.Internal, default(ActivityContext), links: [new(Activity.Current!.Context)]))
                {
                    return await client.GetStringAsync(new Uri(far.Http.BaseAddress!, "/effect"), Cancellation);
                }
            }));
            await near.Http.GetStringAsync(new Uri("/call", UriKind.Relative), Cancellation);
        }

        Assert.Equal(["far", "near"], _spans.Select(span => span.Service).Distinct().Order(StringComparer.Ordinal));
        var spans = _spans.DistinctBy(span => span.SpanId).ToList();
        var call = Assert.Single(spans, span => span is { Kind: "Server" } && span.Tags["url.path"] == "/call");
        var linking = Assert.Single(spans, span => span is { Name: "linking" });
        var request = Assert.Single(spans, span => span is { Kind: "Client", Source: "System.Net.Http" });
        var work = Assert.Single(spans, span => span is { Kind: "Server" } && span.Tags["url.path"] == "/effect");
        Assert.Equal(call.SpanId, linking.ParentSpanId);
        Assert.Equal([(call.TraceId, call.SpanId)], linking.Links);
        Assert.Equal(linking.SpanId, request.ParentSpanId);
        Assert.Equal(request.SpanId, work.ParentSpanId);
        Assert.Equal(call.TraceId, work.TraceId);
    }

    [Fact]
    public async Task Metrics_of_every_part_are_scraped_and_probes_do_not_count_as_requests()
    {
        using var meter = new Meter("FanOut.Tests.Telemetry");
        var counter = meter.CreateCounter<long>("fanout.tests.things");
        await using var service = await StartAsync();
        counter.Add(3);
        await service.Http.GetAsync(new Uri("/effect", UriKind.Relative), Cancellation);
        await service.Http.GetAsync(new Uri("/health", UriKind.Relative), Cancellation);

        var metrics = await service.Http.GetStringAsync(new Uri("/metrics", UriKind.Relative), Cancellation);

        Assert.Contains("fanout_tests_things_total", metrics, StringComparison.Ordinal);
        Assert.Contains("db_client_", metrics, StringComparison.Ordinal);
        Assert.Contains("dotnet_gc_", metrics, StringComparison.Ordinal);
        const string Requests = "http_server_request_duration_seconds_count";
        var requests = metrics.Split('\n').Where(line => line.StartsWith(Requests, StringComparison.Ordinal)).ToList();
        Assert.Contains(requests, line => line.Contains("http_route=\"/effect\"", StringComparison.Ordinal));
        Assert.DoesNotContain(requests, line => line.Contains("http_route=\"/health\"", StringComparison.Ordinal));
        Assert.Contains("service_instance_id", metrics, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Traces_metrics_and_logs_go_to_the_OTLP_endpoint_if_there_is_one()
    {
        var received = new ConcurrentDictionary<string, int>();
        await using var collector = await DefaultService.StartAsync(map: app => app.MapPost("/v1/{signal}", (string signal) =>
        {
            received.AddOrUpdate(signal, 1, (_, count) => count + 1);
            return Results.Ok();
        }).Accepts<byte[]>("application/x-protobuf"));

        await using (var service = await StartAsync(settings: new()
        {
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.Http.BaseAddress!.ToString(),
            ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
        }))
        {
            await service.Http.GetAsync(new Uri("/effect", UriKind.Relative), Cancellation);
        }

        Assert.Equal(["logs", "metrics", "traces"], received.Keys.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData(ActivityKind.Client, SamplingDecision.Drop)]
    [InlineData(ActivityKind.Server, SamplingDecision.RecordAndSample)]
    [InlineData(ActivityKind.Consumer, SamplingDecision.RecordAndSample)]
    public void A_root_span_is_dropped_only_if_it_is_a_client_s(ActivityKind kind, SamplingDecision expected)
    {
        var root = new SamplingParameters(default, ActivityTraceId.CreateRandom(), "span", kind);

        Assert.Equal(expected, new QuietSampler(new AlwaysOnSampler()).ShouldSample(root).Decision);
    }

    [Fact]
    public void A_client_span_with_a_sampled_cause_is_kept()
    {
        var trace = ActivityTraceId.CreateRandom();
        var cause = new ActivityContext(trace, ActivitySpanId.CreateRandom(), ActivityTraceFlags.Recorded);
        var child = new SamplingParameters(cause, trace, "span", ActivityKind.Client);

        Assert.Equal(SamplingDecision.RecordAndSample, new QuietSampler(new ParentBasedSampler(new AlwaysOffSampler())).ShouldSample(child).Decision);
    }

    [Fact]
    public void A_client_span_below_a_cause_that_is_not_recorded_is_dropped_even_where_always_on_is_asked_for()
    {
        var trace = ActivityTraceId.CreateRandom();
        var child = new SamplingParameters(new(trace, ActivitySpanId.CreateRandom(), ActivityTraceFlags.None), trace, "span", ActivityKind.Client);

        Assert.Equal(SamplingDecision.Drop, new QuietSampler(ConfiguredSampler.From(Configuration("always_on", null))).ShouldSample(child).Decision);
    }

    [Theory]
    [InlineData("always_off", null, SamplingDecision.Drop)]
    [InlineData("parentbased_traceidratio", "0", SamplingDecision.Drop)]
    [InlineData("traceidratio", "1", SamplingDecision.RecordAndSample)]
    [InlineData(null, null, SamplingDecision.RecordAndSample)]
    public void The_standard_variables_choose_the_sampler(string? sampler, string? argument, SamplingDecision expected)
    {
        var root = new SamplingParameters(default, ActivityTraceId.CreateRandom(), "span", ActivityKind.Server);

        Assert.Equal(expected, ConfiguredSampler.From(Configuration(sampler, argument)).ShouldSample(root).Decision);
    }

    [Theory]
    [InlineData("sometimes", null, "OTEL_TRACES_SAMPLER")]
    [InlineData("traceidratio", "1.5", "OTEL_TRACES_SAMPLER_ARG")]
    public void A_sampler_that_does_not_exist_is_named(string sampler, string? argument, string key)
    {
        var failure = Assert.Throws<InvalidOperationException>(() => ConfiguredSampler.From(Configuration(sampler, argument)));

        Assert.StartsWith(key + " is ", failure.Message, StringComparison.Ordinal);
    }

    private static IConfiguration Configuration(string? sampler, string? argument) =>
        new ConfigurationBuilder()
            .AddInMemoryCollection(new Dictionary<string, string?> { [ConfiguredSampler.Key] = sampler, [ConfiguredSampler.ArgumentKey] = argument })
            .Build();

    private static async Task PollAsync(IServiceProvider services)
    {
        await using var command = services.GetRequiredService<NpgsqlDataSource>().CreateCommand("select 1");
        await command.ExecuteScalarAsync(Cancellation);
        await services.GetRequiredService<IConnectionMultiplexer>().GetDatabase().PingAsync();
    }

    private async Task<DefaultService> StartAsync(
        string? name = null, Action<WebApplication>? map = null, Dictionary<string, string?>? settings = null)
    {
        var redis = await RedisServer.SharedAsync();
        var postgres = await PostgresServer.SharedAsync();
        settings ??= [];
        settings["ConnectionStrings:redis"] = redis.ConnectionString;
        settings["ConnectionStrings:fanout"] = postgres.ConnectionString;
        if (name is not null)
        {
            settings["OTEL_SERVICE_NAME"] = name;
        }

        return await DefaultService.StartAsync(
            settings,
            builder =>
            {
                builder.AddRedisClient("redis");
                builder.AddNpgsqlDataSource("fanout");
                builder.Services.ConfigureOpenTelemetryTracerProvider(
                    tracing => tracing.AddProcessor(new SimpleActivityExportProcessor(new SpanRecorder(_spans))));
            },
            app =>
            {
                app.MapGet("/effect", async (NpgsqlDataSource dataSource, IConnectionMultiplexer multiplexer) =>
                {
                    await using var command = dataSource.CreateCommand("select 4242");
                    await command.ExecuteScalarAsync(Cancellation);
                    await using var batch = dataSource.CreateBatch();
                    foreach (var sql in new[] { "select 1 from pg_class", "select pg_backend_pid()", "select 2 from pg_class" })
                    {
                        batch.BatchCommands.Add(new NpgsqlBatchCommand(sql));
                    }

                    await batch.ExecuteNonQueryAsync(Cancellation);
                    await multiplexer.GetDatabase().ExecuteAsync("ECHO", "4242");
                });
                map?.Invoke(app);
            });
    }
}
