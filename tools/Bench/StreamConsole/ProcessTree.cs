using System.Globalization;

namespace FanOut.Bench.StreamConsole;

/// <summary>What this program's descendants have used of the processors.</summary>
internal static class ProcessTree
{
    private const double TicksPerSecond = 100;

    /// <summary>In seconds, of all of them, those that have ended included.</summary>
    /// <param name="except">A child that does not count, nor do its own.</param>
    public static double ProcessorSeconds(int except)
    {
        var children = Directory.EnumerateDirectories("/proc")
            .Select(Path.GetFileName)
            .Where(name => int.TryParse(name, CultureInfo.InvariantCulture, out _))
            .Select(Read)
            .OfType<Entry>()
            .ToLookup(entry => entry.Parent);
        return Sum(System.Environment.ProcessId) / TicksPerSecond;

        long Sum(int parent) => children[parent].Where(entry => entry.Id != except).Sum(entry => entry.Ticks + Sum(entry.Id));
    }

    /// <returns>Null if it has ended.</returns>
    private static Entry? Read(string? id)
    {
        try
        {
            // The name in parentheses may contain anything. Behind it: state, parent; utime, stime, cutime and cstime are the 12th to the 15th.
            var line = File.ReadAllText($"/proc/{id}/stat");
            var fields = line[(line.LastIndexOf(')') + 2)..].Split(' ');
            return new Entry(
                int.Parse(id!, CultureInfo.InvariantCulture),
                int.Parse(fields[1], CultureInfo.InvariantCulture),
                fields[11..15].Sum(field => long.Parse(field, CultureInfo.InvariantCulture)));
        }
        catch (IOException)
        {
            return null;
        }
    }

    private sealed record Entry(int Id, int Parent, long Ticks);
}
