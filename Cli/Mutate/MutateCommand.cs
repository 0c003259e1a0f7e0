using System.CommandLine;

namespace FanOut.Cli.Mutate;

/// <summary>Shows that the suites can fail: takes one protection away at a time and names the tests that notice.</summary>
internal static class MutateCommand
{
    public static Command Create(Workspace workspace)
    {
        var name = new Argument<string?>("name") { Description = "One of tools/mutations, or a part of its name; all where it is left out.", Arity = ArgumentArity.ZeroOrOne };
        var noBaseline = new Option<bool>("--no-baseline") { Description = "Do not run the same tests on the unchanged sources first." };
        var command = new Command("mutate", "Take one protection away at a time, in a copy, and see that the tests notice.") { name, noBaseline };
        command.SetAction(async (arguments, cancellationToken) =>
        {
            var wanted = arguments.GetValue(name);
            var mutants = Mutant.ReadAll(workspace.Root).Where(mutant => wanted is null || mutant.Name.Contains(wanted, StringComparison.OrdinalIgnoreCase)).ToArray();
            if (mutants.Length == 0)
            {
                Console.Error.WriteLine($"No file of tools/mutations has '{wanted}' in its name. There are: {string.Join(", ", Mutant.ReadAll(workspace.Root).Select(mutant => mutant.Name))}.");
                return 1;
            }

            using var copy = RepositoryCopy.Create(workspace.Root);
            if (!arguments.GetValue(noBaseline) && !await IsSoundAsync(copy, mutants, cancellationToken))
            {
                return 1;
            }

            var survivors = 0;
            foreach (var mutant in mutants)
            {
                survivors += await IsCaughtAsync(copy, mutant, cancellationToken) ? 0 : 1;
            }

            Console.Out.WriteLine($"{mutants.Length - survivors} caught, {survivors} survived");
            return survivors == 0 ? 0 : 1;
        });
        return command;
    }

    /// <summary>A test that fails anyway proves nothing.</summary>
    private static async Task<bool> IsSoundAsync(RepositoryCopy copy, Mutant[] mutants, CancellationToken cancellationToken)
    {
        foreach (var project in mutants.GroupBy(mutant => mutant.Project))
        {
            if (await copy.BuildAsync(project.Key, cancellationToken) is { } error)
            {
                Console.Error.WriteLine($"{project.Key} does not build as it is:{Environment.NewLine}{error}");
                return false;
            }

            var failed = await copy.TestAsync(project.Key, project.SelectMany(mutant => mutant.Suites).Distinct(), cancellationToken);
            if (failed.Length > 0)
            {
                Console.Error.WriteLine($"Without any mutation these fail, so they would prove nothing: {string.Join(", ", failed)}");
                return false;
            }
        }

        return true;
    }

    private static async Task<bool> IsCaughtAsync(RepositoryCopy copy, Mutant mutant, CancellationToken cancellationToken)
    {
        Console.Out.WriteLine($"{mutant.Name}: {mutant.Removes}");
        var began = TimeProvider.System.GetTimestamp();
        var putBack = mutant.Apply(copy.Root);
        try
        {
            if (await copy.BuildAsync(mutant.Project, cancellationToken) is { } error)
            {
                Console.Out.WriteLine($"  does not build, which proves nothing:{Environment.NewLine}{error}");
                return false;
            }

            var failed = await copy.TestAsync(mutant.Project, mutant.Suites, cancellationToken);
            Console.Out.WriteLine(failed.Length == 0
                ? $"  SURVIVED: {string.Join(", ", mutant.Suites)} pass without it"
                : $"  caught by {failed.Length} in {TimeProvider.System.GetElapsedTime(began).TotalSeconds:0} s: {string.Join(", ", failed)}");
            return failed.Length > 0;
        }
        finally
        {
            putBack();
        }
    }
}
