using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Xunit;

namespace FanOut.Architecture.Tests;

/// <summary>What others wrote and FanOut ships or builds with.</summary>
public sealed partial class SupplyChainTests
{
    private static readonly string[] AllowedLicenses = ["MIT", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "PostgreSQL"];

    private static readonly string Packages = Environment.GetEnvironmentVariable("NUGET_PACKAGES")
        ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");

    [Fact]
    public void Every_shipped_package_is_in_the_list_of_licenses()
    {
        var listed = Row().Matches(Repository.Read("docs/licenses.md")).Skip(1)
            .ToDictionary(row => row.Groups["name"].Value, row => row.Groups["license"].Value);
        var shipped = Shipped().ToLookup(package => package.Name, package => LicenseOf(package.Name, package.Version));

        Assert.Equal(shipped.Select(package => package.Key).Order(StringComparer.Ordinal), listed.Keys.Order(StringComparer.Ordinal));
        Assert.All(listed, row => Assert.Contains(row.Value, AllowedLicenses));
        Assert.All(shipped, package => Assert.All(package, license => Assert.Equal(license ?? listed[package.Key], listed[package.Key])));
    }

    [Fact]
    public void Every_project_is_shipped_or_below_tools_or_tests()
    {
        var shipped = Projects().ToArray();

        Assert.All(Repository.Projects, project => Assert.NotEqual(shipped.Contains(project), project.StartsWith('t')));
    }

    [Fact]
    public void Packages_are_locked_and_audited()
    {
        var properties = Repository.Read("Directory.Build.props");

        Assert.All(Repository.Projects, project => Assert.NotNull(LockFileOf(project)));
        Assert.Contains("<RestorePackagesWithLockFile>true</RestorePackagesWithLockFile>", properties, StringComparison.Ordinal);
        Assert.Contains("<NuGetAudit>true</NuGetAudit>", properties, StringComparison.Ordinal);
        Assert.Contains("<NuGetAuditMode>all</NuGetAuditMode>", properties, StringComparison.Ordinal);
        Assert.Contains("<TreatWarningsAsErrors>true</TreatWarningsAsErrors>", properties, StringComparison.Ordinal);
        Assert.DoesNotMatch("(WarningsNotAsErrors|NoWarn)>[^<]*NU190[34]", properties);
        Assert.Contains("export CI=true", Repository.Read(".ci/run"), StringComparison.Ordinal);
    }

    [Fact]
    public void Actions_are_pinned_by_hash()
    {
        var used = Directory.GetFiles(Path.Combine(Repository.Root, ".github", "workflows"))
            .SelectMany(file => Action().Matches(File.ReadAllText(file)).Select(found => found.Groups["reference"].Value)).ToArray();

        Assert.NotEmpty(used);
        Assert.All(used, reference => Assert.Matches("^[^@]+@[0-9a-f]{40}$", reference));
    }

    private static IEnumerable<string> Projects()
    {
        using var filter = JsonDocument.Parse(Repository.Read("Shipped.slnf"));
        return [.. filter.RootElement.GetProperty("solution").GetProperty("projects").EnumerateArray().Select(project => project.GetString()!)];
    }

    private static string? LockFileOf(string project)
    {
        var folder = Path.GetDirectoryName(project)!;
        return Repository.Files.FirstOrDefault(file => Path.GetDirectoryName(file) == folder && LockFile().IsMatch(Path.GetFileName(file)));
    }

    private static IEnumerable<(string Name, string Version)> Shipped()
    {
        foreach (var project in Projects())
        {
            using var locked = JsonDocument.Parse(Repository.Read(LockFileOf(project)!));
            foreach (var package in locked.RootElement.GetProperty("dependencies").EnumerateObject()
                .SelectMany(target => target.Value.EnumerateObject())
                .Where(package => package.Value.TryGetProperty("resolved", out _)))
            {
                yield return (package.Name, package.Value.GetProperty("resolved").GetString()!);
            }
        }
    }

    /// <returns>The license that the package itself declares; null where it has a file or an address instead.</returns>
    private static string? LicenseOf(string name, string version)
    {
        var id = name.ToLowerInvariant();
        var package = XDocument.Load(Path.Combine(Packages, id, version.ToLowerInvariant(), $"{id}.nuspec"));
        var license = package.Descendants().FirstOrDefault(element => element.Name.LocalName == "license");
        return license?.Attribute("type")?.Value == "expression" ? license.Value : null;
    }

    [GeneratedRegex(@"^\| (?<name>[\w.-]+) \| (?<license>[\w.-]+) \|", RegexOptions.Multiline)]
    private static partial Regex Row();

    [GeneratedRegex(@"^packages(\.linux-x64)?\.lock\.json$")]
    private static partial Regex LockFile();

    [GeneratedRegex(@"uses:\s*(?<reference>\S+)")]
    private static partial Regex Action();
}
