namespace FanOut.Cli.Mutate;

/// <summary>A patch of tools/mutations: it takes one protection away, and says which suites must notice.</summary>
internal sealed record Mutant(string Name, string Removes, string Project, string[] Suites, Edit[] Edits)
{
    public static Mutant[] ReadAll(string root)
        => [.. Directory.EnumerateFiles(Path.Combine(root, "tools", "mutations"), "*.patch").Order(StringComparer.Ordinal).Select(Read)];

    /// <summary>Takes the protection away in a copy of the repository.</summary>
    /// <returns>What puts it back.</returns>
    public Action Apply(string root)
    {
        var originals = Edits.Select(edit => Path.Combine(root, edit.File)).Distinct().ToDictionary(file => file, File.ReadAllText);
        foreach (var edit in Edits)
        {
            var file = Path.Combine(root, edit.File);
            var text = File.ReadAllText(file);
            var at = text.IndexOf(edit.Before, StringComparison.Ordinal);
            if (at < 0)
            {
                throw new InvalidOperationException($"tools/mutations/{Name}.patch does not fit {edit.File} any more: make it again with git diff.");
            }

            File.WriteAllText(file, text[..at] + edit.After + text[(at + edit.Before.Length)..]);
        }

        return () =>
        {
            foreach (var (file, text) in originals)
            {
                File.WriteAllText(file, text);
            }
        };
    }

    private static Mutant Read(string path)
    {
        var name = Path.GetFileNameWithoutExtension(path);
        var (removes, tests, file) = ("", Array.Empty<string>(), "");
        var edits = new List<Edit>();
        var isHunk = false;
        foreach (var line in File.ReadLines(path))
        {
            if (line.StartsWith("Removes: ", StringComparison.Ordinal))
            {
                removes = line["Removes: ".Length..];
            }
            else if (line.StartsWith("Tests: ", StringComparison.Ordinal))
            {
                tests = line["Tests: ".Length..].Split(' ');
            }
            else if (line.StartsWith("+++ b/", StringComparison.Ordinal))
            {
                file = line["+++ b/".Length..];
            }
            else if (line.StartsWith("diff ", StringComparison.Ordinal))
            {
                isHunk = false;
            }
            else if (line.StartsWith("@@ ", StringComparison.Ordinal))
            {
                isHunk = true;
                edits.Add(new(file, "", ""));
            }
            else if (isHunk && line is [' ' or '-' or '+', ..])
            {
                var edit = edits[^1];
                edits[^1] = edit with
                {
                    Before = line[0] == '+' ? edit.Before : $"{edit.Before}{line[1..]}\n",
                    After = line[0] == '-' ? edit.After : $"{edit.After}{line[1..]}\n",
                };
            }
        }

        return removes.Length > 0 && tests.Length > 1 && edits.Count > 0
            ? new(name, removes, tests[0], tests[1..], [.. edits])
            : throw new InvalidOperationException($"tools/mutations/{name}.patch must say 'Removes: ...', 'Tests: project suite ...', and hold a diff.");
    }
}
