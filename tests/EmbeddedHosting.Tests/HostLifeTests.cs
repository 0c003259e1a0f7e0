using FanOut.EmbeddedHosting.Processes;
using FanOut.EmbeddedHosting.State;
using Npgsql;
using Xunit;

namespace FanOut.EmbeddedHosting.Tests;

public sealed class HostLifeTests : IDisposable
{
    private readonly string _data = Directory.CreateTempSubdirectory("embedded-hosting-tests").FullName;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public HostLifeTests()
    {
        // PostgreSQL's user must be able to pass through.
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(_data, (UnixFileMode)0b111_101_101);
        }
    }

    public void Dispose() => Directory.Delete(_data, recursive: true);

    [Fact]
    public async Task A_second_host_on_the_same_data_is_refused_and_SIGTERM_leaves_no_process_behind()
    {
        await using var host = HostProgram.Start(_data);
        var state = await host.HealthyAsync(Cancelled);

        await using (var second = HostProgram.Start(_data))
        {
            Assert.Equal(1, await second.EndedAsync(Cancelled));
            Assert.Contains($"Another AppHost (pid {state.Pid}) already runs on the data folder {_data}", second.Output, StringComparison.Ordinal);
            Assert.True(state.IsAlive());

            Assert.Equal(0, await host.EndAsync(StopSignal.Terminate, Cancelled));
        }

        Assert.All(Pids(state), pid => Assert.Null(ProcessIdentity.Of(pid)));
        Assert.Equal("[]", (await File.ReadAllTextAsync(Path.Combine(_data, "processes.json"), Cancelled)).Trim());
        AssertStoppedInReverse(await File.ReadAllLinesAsync(Path.Combine(_data, "logs", "apphost.log"), Cancelled));
    }

    [Fact]
    public async Task What_a_killed_host_leaves_is_ended_by_the_next_and_the_data_are_still_there()
    {
        HostState first;
        await using (var killed = HostProgram.Start(_data))
        {
            first = await killed.HealthyAsync(Cancelled);
            await using var database = NpgsqlDataSource.Create(first.Resources.Single(resource => resource.Name == "things").ConnectionString!);
            await using var command = database.CreateCommand("create table kept as select 42 as answer");
            await command.ExecuteNonQueryAsync(Cancelled);

            await killed.EndAsync(StopSignal.Kill, Cancelled);
            Assert.Equal(4, Pids(first).Count(pid => ProcessIdentity.Of(pid) is not null));

            await using var next = HostProgram.Start(_data);
            var second = await next.HealthyAsync(Cancelled);
            Assert.All(Pids(first), pid => Assert.Null(ProcessIdentity.Of(pid)));
            await using var again = NpgsqlDataSource.Create(second.Resources.Single(resource => resource.Name == "things").ConnectionString!);
            await using var query = again.CreateCommand("select answer from kept");
            Assert.Equal(42, await query.ExecuteScalarAsync(Cancelled));
            Assert.Equal(0, await next.EndAsync(StopSignal.Terminate, Cancelled));
        }
    }

    [Fact]
    public async Task Data_keep_the_password_that_they_were_made_with_whatever_is_configured_later()
    {
        await using (var first = HostProgram.Start(_data, "--Parameters:server-password=first"))
        {
            await first.HealthyAsync(Cancelled);
            Assert.Equal(0, await first.EndAsync(StopSignal.Terminate, Cancelled));
        }

        await using var next = HostProgram.Start(_data, "--Parameters:server-password=second");
        var state = await next.HealthyAsync(Cancelled);
        await using var database = NpgsqlDataSource.Create(state.Resources.Single(resource => resource.Name == "things").ConnectionString!);
        Assert.Contains("Password=first", state.Resources.Single(resource => resource.Name == "things").ConnectionString, StringComparison.Ordinal);
        await using var query = database.CreateCommand("select 42");
        Assert.Equal(42, await query.ExecuteScalarAsync(Cancelled));
        Assert.Equal(0, await next.EndAsync(StopSignal.Terminate, Cancelled));
    }

    [Fact]
    public async Task A_host_gives_up_on_a_service_that_keeps_crashing_and_says_which()
    {
        await using var host = HostProgram.Start(_data, "--Crash=true", "--EmbeddedHosting:StartTimeout=00:00:20", "--EmbeddedHosting:RestartDelay=00:00:00.1");
        Assert.Equal(1, await host.EndedAsync(Cancelled));
        Assert.Contains("second: ", host.Output, StringComparison.Ordinal);
        Assert.Contains("ended by itself with code 3; starting it again in 0.1 s", host.Output, StringComparison.Ordinal);
        Assert.Contains("ended by itself with code 3; starting it again in 0.8 s", host.Output, StringComparison.Ordinal);
        Assert.Contains("second", HostState.Read(_data)!.Failure, StringComparison.Ordinal);
    }

    private static IEnumerable<int> Pids(HostState state) => state.Resources.Where(resource => resource.Pid is not null).Select(resource => resource.Pid!.Value);

    private static void AssertStoppedInReverse(string[] lines)
    {
        var order = lines.Where(line => line.EndsWith(" has stopped", StringComparison.Ordinal) && !line.StartsWith("Everything", StringComparison.Ordinal)).Select(line => line.Split(' ')[0]).ToList();
        Assert.True(order.IndexOf("second") < order.IndexOf("first"), string.Join(", ", order));
        Assert.True(order.IndexOf("first") < order.IndexOf("cache"), string.Join(", ", order));
        Assert.True(order.IndexOf("first") < order.IndexOf("server"), string.Join(", ", order));
    }
}
