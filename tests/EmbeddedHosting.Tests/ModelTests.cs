using System.Net;
using System.Net.Sockets;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using FanOut.EmbeddedHosting.Processes;
using FanOut.EmbeddedHosting.Running;
using FanOut.EmbeddedHosting.State;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Xunit;

namespace FanOut.EmbeddedHosting.Tests;

public sealed class ModelTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("--publisher", "manifest")]
    [InlineData("--operation", "publish")]
    public void Publishing_is_refused_with_the_way_to_do_it(params string[] arguments)
    {
        var failure = Assert.Throws<DistributedApplicationException>(() => DistributedApplication.CreateBuilder(arguments));

        Assert.Contains("UseAspire=true", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Resources_that_wait_for_each_other_are_refused_by_name()
    {
        var builder = DistributedApplication.CreateBuilder([$"--EmbeddedHosting:DataPath={Path.GetTempPath()}/never-made", "--EmbeddedHosting:Console=false"]);
        var left = builder.AddRedis("left");
        var right = builder.AddRedis("right").WaitFor(left);
        left.WaitFor(right);
        await using var app = builder.Build();
        var refusal = await Assert.ThrowsAsync<DistributedApplicationException>(() => app.StartAsync(Cancelled));
        Assert.Contains("left -> right -> left", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_resources_of_one_name_are_refused()
    {
        var builder = DistributedApplication.CreateBuilder([]);
        builder.AddRedis("same");
        Assert.Throws<DistributedApplicationException>(() => builder.AddPostgres("SAME"));
    }

    [Fact]
    public void A_wrong_setting_stops_the_start_and_names_its_key()
    {
        var builder = DistributedApplication.CreateBuilder(["--EmbeddedHosting:StartTimeout=00:00:00", "--EmbeddedHosting:Console=false"]);
        var refusal = Assert.Throws<OptionsValidationException>(builder.Build);
        Assert.Contains("EmbeddedHosting:StartTimeout", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_fixed_port_that_is_taken_is_refused_and_a_free_one_is_never_ephemeral()
    {
        using var holder = new TcpListener(IPAddress.Loopback, 0);
        holder.Start();
        var taken = ((IPEndPoint)holder.LocalEndpoint).Port;
        var service = new ProjectResource("service");
        service.Annotations.Add(new EndpointAnnotation("http", "http", taken));
        var refusal = Assert.Throws<DistributedApplicationException>(() => new PortAllocator(randomize: false).Allocate(service, replicas: 1));
        Assert.Contains($"Port {taken}", refusal.Message, StringComparison.Ordinal);

        new PortAllocator(randomize: true).Allocate(service, replicas: 3);
        var ports = service.Annotations.OfType<EndpointAnnotation>().Single().Allocated.Select(address => address.Port).ToArray();
        Assert.Equal(3, ports.Distinct().Count());
        Assert.All(ports, port => Assert.InRange(port, 15000, 31999));
    }

    [Fact]
    public async Task A_process_that_was_given_a_leftover_s_pid_is_not_touched()
    {
        var folder = Directory.CreateTempSubdirectory("ledger").FullName;
        using var innocent = System.Diagnostics.Process.Start("sleep", "60");
        try
        {
            var data = new DataFolder(Options.Create(new EmbeddedHostOptions { DataPath = folder }));
            var start = ProcessIdentity.Of(innocent.Id)!;
            await WriteLedgerAsync(data, innocent.Id, start + "0");
            var ledger = new ProcessLedger(data, TimeProvider.System, NullLogger<ProcessLedger>.Instance);
            await ledger.CleanUpAsync(Cancelled);
            Assert.Equal(start, ProcessIdentity.Of(innocent.Id));

            await WriteLedgerAsync(data, innocent.Id, start);
            await ledger.CleanUpAsync(Cancelled);
            Assert.Null(ProcessIdentity.Of(innocent.Id));
        }
        finally
        {
            innocent.Kill();
            Directory.Delete(folder, recursive: true);
        }
    }

    private static Task WriteLedgerAsync(DataFolder data, int pid, string start) =>
        File.WriteAllTextAsync(
            data.LedgerFile,
            $$"""[{ "name": "leftover", "pid": {{pid}}, "processStart": "{{start}}", "stopSignal": 15, "isGroupLeader": false }]""",
            Cancelled);
}
