using System.Text.RegularExpressions;
using Xunit;

namespace FanOut.Architecture.Tests;

/// <summary>The shape of the library: each folder uses only those before it, and its classes stay small.</summary>
public sealed partial class FolderTests
{
    private const int MaxParameters = 8;
    private const int MaxLines = 300;

    /// <summary>The root comes before all of them.</summary>
    private static readonly string[] Folders =
    [
        "Wire", "Redis", "Telemetry", "Database", "Migrations", "Groups", "Inbox", "Retrying", "Publishing", "Consuming", "Maintenance",
        "Registration",
    ];

    private static readonly string[] Code =
        [.. Repository.WithExtension(".cs").Where(file => file.StartsWith("EventBus/", StringComparison.Ordinal))];

    [Fact]
    public void Every_folder_of_EventBus_has_its_place() =>
        Assert.Equal(
            Folders.Order(), Code.Where(file => file.Count(letter => letter == '/') > 1).Select(file => file.Split('/')[1]).Distinct().Order());

    [Fact]
    public void A_folder_of_EventBus_uses_only_folders_before_it()
    {
        // Public types have the namespace of the library, in whatever folder they are.
        var ranks = Code
            .Where(file => Repository.Read(file).Contains("namespace FanOut.EventBus;", StringComparison.Ordinal))
            .SelectMany(file => Declared().Matches(WithoutComments(file)).Select(found => (Name: found.Groups["name"].Value, Rank: RankOf(file))))
            .DistinctBy(type => type.Name)
            .ToDictionary(type => type.Name, type => type.Rank);
        var wrong =
            from file in Code
            let code = WithoutComments(file)
            let used = Using().Matches(code).Select(found => (Name: found.Value, Rank: Array.IndexOf(Folders, found.Groups["folder"].Value)))
                .Concat(TypeName().Matches(code).Select(found => (Name: found.Value, Rank: ranks.GetValueOrDefault(found.Value, -1))))
            from use in used.Distinct()
            where use.Rank > RankOf(file)
            select $"{file}: {use.Name}";

        Assert.Empty(wrong);
    }

    [Fact]
    public void No_file_of_EventBus_is_longer_than_a_class_may_be() =>
        Assert.DoesNotContain(Code, file => Repository.ReadLines(file).Length > MaxLines);

    [Fact]
    public void No_class_of_EventBus_takes_more_than_eight_parameters()
    {
        var wrong =
            from file in Code
            from found in Constructor().Matches(WithoutComments(file))
            where Parameters(found.Groups["parameters"].Value) > MaxParameters
            select $"{file}: {found.Groups["name"].Value}";

        Assert.Empty(wrong);
    }

    private static int RankOf(string file) => Array.IndexOf(Folders, file.Split('/')[1]);

    private static int Parameters(string list)
    {
        // What is in brackets is one parameter's type or default.
        for (var before = ""; before != list;)
        {
            before = list;
            list = Bracketed().Replace(list, "");
        }

        return list.Split(',').Length;
    }

    private static string WithoutComments(string file) => CommentOrText().Replace(Repository.Read(file), "");

    [GeneratedRegex(
        @"^(?:public|internal) (?:static |sealed |abstract |readonly |partial )*(?:class|record struct|record|struct|interface|enum) (?<name>\w+)",
        RegexOptions.Multiline)]
    private static partial Regex Declared();

    /// <summary>A primary constructor of a class, or another constructor; records carry data, and are no services.</summary>
    [GeneratedRegex(@"(?:\bclass (?<name>\w+)(?:<[^>]*>)?|(?:public|internal|private|protected) (?<name>[A-Z]\w*))"
        + @"\((?<parameters>(?>[^()]+|(?<open>\()|(?<-open>\)))*)\)(?(open)(?!))\s*(?::|\{|;|=>)")]
    private static partial Regex Constructor();

    [GeneratedRegex(@"<[^<>]*>|\([^()]*\)|\[[^\[\]]*\]|\{[^{}]*\}")]
    private static partial Regex Bracketed();

    [GeneratedRegex("""//[^\n]*|"(?:[^"\\\n]|\\.)*"|(?s:\"{3}.*?\"{3})""")]
    private static partial Regex CommentOrText();

    [GeneratedRegex(@"(?<=using FanOut\.EventBus\.)(?<folder>\w+)")]
    private static partial Regex Using();

    /// <summary>A name that another name, a dot, a bracket or a parenthesis follows; a property has none of these.</summary>
    [GeneratedRegex(@"(?<![\w.])[A-Z]\w+(?=[?<(.]| \w+[,;)=])")]
    private static partial Regex TypeName();
}
