using System.Text.RegularExpressions;
using Xunit;

namespace FanOut.Architecture.Tests;

public sealed partial class SourceTests
{
    private static readonly string[] VagueFolders = ["helpers", "helper", "common", "utils", "util", "utilities", "managers", "misc"];

    private static IEnumerable<string> Code => Repository.WithExtension(".cs");

    private static IEnumerable<string> ProductCode => Code.Where(file => !file.StartsWith("tests/", StringComparison.Ordinal));

    [Fact]
    public void Namespaces_start_with_the_project_name()
    {
        Assert.All(Code, file =>
        {
            if (Namespace().Match(Repository.Read(file)) is { Success: true } found && !MayExtend(file, found.Groups["name"].Value))
            {
                var project = Repository.ProjectOf(file);
                Assert.True(
                    $"{found.Groups["name"].Value}.".StartsWith($"FanOut.{project}.", StringComparison.Ordinal),
                    $"{file} is in namespace {found.Groups["name"].Value}; expected FanOut.{project} or below.");
            }
        });
    }

    [Fact]
    public void Idle_threads_of_the_pool_do_not_spin()
        => Assert.Equal("0", AppContext.GetData("System.Threading.ThreadPool.UnfairSemaphoreSpinLimit")?.ToString());

    [Fact]
    public void No_folder_has_a_vague_name()
    {
        Assert.All(Repository.Files, file => Assert.DoesNotContain(
            Path.GetDirectoryName(file)!.Split('/', '\\'), part => VagueFolders.Contains(part, StringComparer.OrdinalIgnoreCase)));
    }

    [Fact]
    public void A_file_with_one_type_is_named_after_it()
    {
        Assert.All(Code, file =>
        {
            var types = TopLevelType().Matches(Repository.Read(file)).Select(match => match.Groups["name"].Value).Distinct().ToArray();
            Assert.True(types.Length != 1 || types[0] == Path.GetFileName(file).Split('.')[0], $"{file} declares {types.FirstOrDefault()}.");
        });
    }

    [Fact]
    public void Lines_of_code_have_at_most_150_columns()
    {
        var tooLong = Code.Where(file => Repository.ReadLines(file).Any(line => line.Length > 150)).ToArray();

        Assert.Empty(tooLong);
    }

    [Fact]
    public void Links_in_documents_point_to_files()
    {
        Assert.All(Repository.WithExtension(".md"), document => Assert.All(Link().Matches(Repository.Read(document)), link =>
        {
            var target = Path.Combine(Repository.Root, Path.GetDirectoryName(document)!, link.Groups["target"].Value);
            Assert.True(Path.Exists(target), $"{document} links to {link.Groups["target"].Value}, which does not exist.");
        }));
    }

    [Fact]
    public void Redis_keys_are_spelled_only_in_StreamKeys()
    {
        var files = ProductCode.Concat(Repository.WithExtension(".lua"))
            .Where(file => file != "EventBus/StreamKeys.cs");

        Assert.All(files, file => Assert.All(
            Repository.ReadLines(file).Select(WithoutComment),
            line => Assert.False(RedisKey().IsMatch(line), $"{file} spells a Redis key: {line.Trim()}")));
    }

    [Fact]
    public void A_statement_scans_the_inbox_once()
    {
        // See docs/adr/0002-range-inbox.md. A materialized part that names no other table is scanned once, whatever the plan.
        // The view of the first migration is replaced by the fifth.
        var files = Repository.WithExtension(".sql").Where(file => file != "EventBus/Migrations/001_event_bus.sql").Concat(ProductCode);

        Assert.All(files, file =>
        {
            var sql = string.Join('\n', Repository.ReadLines(file).Select(WithoutComment));
            Assert.True(
                InboxRead().Count(sql) == InboxReadOnce().Count(sql),
                $"{file} reads bus.inbox outside of 'with <name> as materialized (select .. from bus.inbox where ..)'.");
        });
    }

    [Fact]
    public void No_test_is_skipped()
    {
        var tests = Code.Where(file => file.StartsWith("tests/", StringComparison.Ordinal));

        Assert.All(tests, file => Assert.DoesNotMatch(Skipped(), Repository.Read(file)));
    }

    [Fact]
    public void Every_script_starts_with_its_contract()
    {
        Assert.All(Repository.WithExtension(".sql").Concat(Repository.WithExtension(".lua")), file =>
        {
            var first = Repository.ReadLines(file).First(line => !line.StartsWith("#!", StringComparison.Ordinal));
            Assert.True(first.StartsWith("-- ", StringComparison.Ordinal) && first.Length > 10, $"{file} does not start with its contract.");
        });
    }

    [Theory]
    [InlineData("OrderApi", "orders")]
    [InlineData("WebhookWorker", "webhooks")]
    [InlineData("AnalyticsWorker", "analytics")]
    [InlineData("NotificationWorker", "notifications")]
    [InlineData("EventBus", "bus")]
    [InlineData("Reclaimer", "")]
    public void A_project_s_SQL_uses_only_its_own_schema(string project, string own)
    {
        var scripts = Repository.WithExtension(".sql").Where(file => file.StartsWith(project + "/", StringComparison.Ordinal));

        Assert.All(scripts, file => Assert.All(
            Repository.ReadLines(file).Select(WithoutComment),
            line => Assert.DoesNotContain(Schema().Matches(line), schema => schema.Groups["name"].Value != own)));
    }

    [Fact]
    public void No_event_id_is_used_twice_in_a_project()
    {
        var ids = ProductCode.SelectMany(file => LoggedEvent().Matches(Repository.Read(file)), (file, match) =>
            (Project: Repository.ProjectOf(file), Id: match.Groups["id"].Value));

        Assert.All(ids.CountBy(found => found), used => Assert.True(used.Value == 1, $"{used.Key.Project} uses the event id {used.Key.Id} twice."));
    }

    [Fact]
    public void The_compiler_checks_that_every_public_member_of_EventBus_is_documented()
    {
        Assert.Contains("$(NoWarn.Replace(';CS1591', ''))", Repository.Read("EventBus/EventBus.csproj"), StringComparison.Ordinal);
        Assert.All(
            ProductCode.Where(file => file.StartsWith("EventBus/", StringComparison.Ordinal)),
            file => Assert.DoesNotContain("disable CS1591", Repository.Read(file), StringComparison.Ordinal));
    }

    /// <summary>Extension methods may be in the namespace of the type that they extend.</summary>
    private static bool MayExtend(string file, string name) =>
        file.EndsWith("Extensions.cs", StringComparison.Ordinal) && name.StartsWith("Microsoft.Extensions.", StringComparison.Ordinal);

    private static string WithoutComment(string line) => line.TrimStart() is ['/', '/', ..] or ['-', '-', ..] ? "" : Comment().Replace(line, "");

    [GeneratedRegex(@"^namespace (?<name>[\w.]+)", RegexOptions.Multiline)]
    private static partial Regex Namespace();

    [GeneratedRegex(
        @"^(?:(?:public|internal|file|sealed|static|abstract|partial|readonly|ref|unsafe) )*"
        + @"(?:class|record struct|record class|record|struct|interface|enum|delegate [\w<>?.]+) (?<name>\w+)",
        RegexOptions.Multiline)]
    private static partial Regex TopLevelType();

    [GeneratedRegex(@"\]\((?!https?:|mailto:|#)(?<target>[^)#\s]+)")]
    private static partial Regex Link();

    [GeneratedRegex(@":(?:redrive|dlq|lanes|foreign)\b|\{orders\}")]
    private static partial Regex RedisKey();

    [GeneratedRegex(@"\bSkip = |\bSkip(?:Unless|When)\b|\bExplicit = true|Assert\.Skip\(")]
    private static partial Regex Skipped();

    [GeneratedRegex(@"\b(?<name>orders|webhooks|analytics|notifications|bus)\.[a-z_]+")]
    private static partial Regex Schema();

    [GeneratedRegex(@"LoggerMessage\((?:EventId = )?(?<id>\d+),")]
    private static partial Regex LoggedEvent();

    [GeneratedRegex(@"\s(?://|--)\s.*$")]
    private static partial Regex Comment();

    [GeneratedRegex(@"(?<!delete )\b(from|join|using|,)\s+bus\.inbox\b|\bdelete from bus\.inbox\b[^;]*\b(in \(select|unnest)\b")]
    private static partial Regex InboxRead();

    [GeneratedRegex(@"\bas materialized \(\s+select (?:(?!\bselect\b|\bfrom\b).)*\sfrom bus\.inbox\s+(where|group by|\))",
        RegexOptions.Singleline)]
    private static partial Regex InboxReadOnce();
}
