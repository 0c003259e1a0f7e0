using System.Runtime.Versioning;
using FanOut.AppHost.Servers;
using Microsoft.Extensions.Configuration;
using Xunit;

namespace FanOut.AppHost.Tests;

/// <summary>The choice between containers and processes, with a program that takes the place of an engine.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class ContainerEngineTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("fanout-engine-").FullName;

    [Theory]
    [InlineData(0, null, true)]
    [InlineData(1, null, false)]
    [InlineData(1, "true", true)]
    [InlineData(0, "false", false)]
    public void An_engine_that_answers_is_used_unless_Containers_says_otherwise(int exitCode, string? containers, bool expected)
    {
        var engine = Engine(exitCode);

        Assert.Equal(expected ? engine : null, ContainerEngine.Find(Configuration(engine, containers)));
    }

    [Fact]
    public void A_program_that_is_not_installed_is_no_engine() =>
        Assert.Null(ContainerEngine.Find(Configuration(Path.Combine(_folder, "missing"), null)));

    [Fact]
    public void A_volume_is_removed_by_the_engine_and_a_failure_says_how_to_find_the_cause()
    {
        ContainerEngine.RemoveVolume(Engine(0), "fanout-redis");

        Assert.Equal("volume rm --force fanout-redis\n", File.ReadAllText(Path.Combine(_folder, "calls")));
        var failure = Assert.ThrowsAny<Exception>(() => ContainerEngine.RemoveVolume(Engine(1), "fanout-redis"));
        Assert.EndsWith("volume rm fanout-redis", failure.Message, StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static IConfiguration Configuration(string engine, string? containers) =>
        new ConfigurationBuilder()
            .AddInMemoryCollection(new Dictionary<string, string?> { ["ASPIRE_CONTAINER_RUNTIME"] = engine, ["Containers"] = containers })
            .Build();

    private string Engine(int exitCode)
    {
        var file = Path.Combine(_folder, $"engine-{exitCode}");
        File.WriteAllText(file, $"#!/bin/sh\necho \"$*\" >>{_folder}/calls\nexit {exitCode}\n");
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return file;
    }
}
