using System.CommandLine;
using System.Globalization;
using System.Text.RegularExpressions;

namespace FanOut.Cli;

internal static partial class CommandLineExtensions
{
    /// <summary>Runs the command. Where a value does not fit its option, says what is expected; the parser itself names a type of .NET.</summary>
    public static async Task<int> RunAsync(this ParseResult parsed, InvocationConfiguration configuration)
    {
        if (parsed.Errors.Count == 0)
        {
            return await parsed.InvokeAsync(configuration);
        }

        var (output, error) = (configuration.Output, configuration.Error);
        await using StringWriter help = new(), errors = new();
        (configuration.Output, configuration.Error) = (help, errors);
        var exitCode = await parsed.InvokeAsync(configuration);
        await error.WriteAsync(ExpectedType().Replace(errors.ToString(), match => $": {Describe(match.Value)} is expected"));
        await output.WriteAsync(help.ToString());
        return exitCode;
    }

    /// <summary>Refuses numbers that are out of range. What is no number has its error from the parser.</summary>
    public static void MustBe<T>(this Option<T> option, string range, Func<double, bool> isInRange) => option.Validators.Add(result =>
    {
        if (result.Tokens is [var token]
            && double.TryParse(token.Value, CultureInfo.InvariantCulture, out var number)
            && !isInRange(number))
        {
            result.AddError($"{option.Name} must be {range}.");
        }
    });

    private static string Describe(string type) =>
        type.Contains("Int32", StringComparison.Ordinal) ? $"a whole number up to {int.MaxValue}"
        : type.Contains("Int64", StringComparison.Ordinal) ? $"a whole number up to {long.MaxValue}"
        : type.Contains("Double", StringComparison.Ordinal) ? "a number"
        : type.Contains("DateTimeOffset", StringComparison.Ordinal) ? "a time such as 2026-01-31T08:00:00Z"
        : "another value";

    [GeneratedRegex(" as expected type '[^']*'")]
    private static partial Regex ExpectedType();
}
