using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Npgsql;

namespace FanOut.ServiceDefaults.Clients;

/// <summary>
/// Names the spans of SQL commands: what the command does and to which table, such as <c>insert orders.orders</c>. It never contains a value
/// (<see href="https://opentelemetry.io/docs/specs/semconv/database/database-spans/#generating-a-summary-of-the-query"/>).
/// </summary>
internal static partial class QuerySummary
{
    // By reference: nearly all commands are static strings, and the others are collected.
    private static readonly ConditionalWeakTable<string, string> Summaries = [];

    public static void NameSpans(NpgsqlTracingOptionsBuilder tracing) => tracing
        .ConfigureCommandEnrichmentCallback((span, command) => SetName(span, Of(command.CommandText)))
        .ConfigureBatchEnrichmentCallback((span, batch) => SetName(span, Of(batch)));

    /// <summary>The first change and its table; for a query the first table, or the function it calls; otherwise the first word.</summary>
    public static string Of(string sql) => Summaries.GetValue(sql, static sql =>
    {
        var code = CommentOrText().Replace(sql, " ");
        var found = Change().Match(code);
        if (found.Success)
        {
            return $"{found.Groups["verb"].Value} {found.Groups["table"].Value}";
        }

        var verb = FirstWord().Match(code).Value;
        found = verb.ToUpperInvariant() is "SELECT" or "WITH" ? Source().Match(code) : Match.Empty;
        return found.Success ? $"select {found.Groups["name"].Value}" : verb;
    });

    private static string Of(NpgsqlBatch batch) =>
        "BATCH " + string.Join("; ", batch.BatchCommands.Cast<NpgsqlBatchCommand>().Select(command => Of(command.CommandText)).Distinct());

    private static void SetName(Activity span, string summary)
    {
        span.DisplayName = summary;
        span.SetTag("db.query.summary", summary);
    }

    [GeneratedRegex(@"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'", RegexOptions.Singleline)]
    private static partial Regex CommentOrText();

    [GeneratedRegex(
        """\b(?:(?<verb>insert)\s+into|(?<verb>delete)\s+from|(?<verb>update)(?=\s+\S+(?:\s+(?:as\s+)?\w+)?\s+set\b))\s+(?<table>[\w."]+)""",
        RegexOptions.IgnoreCase)]
    private static partial Regex Change();

    // A table after "from"; what is followed by "(" is a function. A function after "select" where there is no table.
    [GeneratedRegex(
        """\bfrom\s+(?<name>(?>[a-z_"][\w."]*))(?!\s*\()|^\s*select\s+(?<name>(?>[a-z_][\w.]*))(?=\s*\()(?!.*\bfrom\b)""",
        RegexOptions.IgnoreCase | RegexOptions.Singleline)]
    private static partial Regex Source();

    [GeneratedRegex(@"[a-z]+", RegexOptions.IgnoreCase)]
    private static partial Regex FirstWord();
}
