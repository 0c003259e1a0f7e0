using FanOut.TestServers;
using Xunit;

namespace FanOut.Services.Tests.TestServers;

public sealed class ServerBinaryTests
{
    [Fact]
    public void A_setting_names_the_program()
    {
        Environment.SetEnvironmentVariable("FANOUT_TEST_RIGHT", "/bin/sh");

        Assert.Equal("/bin/sh", ServerBinary.Find("FANOUT_TEST_RIGHT", ["redis-server"], "redis-server"));
    }

    [Fact]
    public void A_wrong_path_is_refused_with_the_name_of_its_variable()
    {
        Environment.SetEnvironmentVariable("FANOUT_TEST_WRONG", "/nowhere");

        var program = Assert.Throws<TestServerException>(() => ServerBinary.Find("FANOUT_TEST_WRONG", ["redis-server"], "redis-server"));
        var folder = Assert.Throws<TestServerException>(() => ServerBinary.FindPostgres("FANOUT_TEST_WRONG", "postgres"));

        Assert.Equal("FANOUT_TEST_WRONG is '/nowhere', which is not a file.", program.Message);
        Assert.Equal("'postgres' is not in /nowhere: see FANOUT_TEST_WRONG.", folder.Message);
    }

    [Fact]
    public void A_run_says_which_programs_and_versions_it_uses()
    {
        var lines = ServersInUse.Describe().ToArray();

        Assert.Matches($"^Server: {ServerBinary.Redis}: .*v=[0-9]", lines[0]);
        Assert.Matches($"^Server: {ServerBinary.Postgres}: .*PostgreSQL. [0-9]", lines[1]);
        Assert.Matches($"^Server: {ServerBinary.PgBouncer}: PgBouncer [0-9]", lines[2]);
    }
}
