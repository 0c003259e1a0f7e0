namespace FanOut.Bench.Running;

/// <summary>Runs variants in turn, A B C A B C, so that whatever else the machine does falls on all of them, and compares medians.</summary>
internal static class Rounds
{
    public static async Task<IReadOnlyList<Measurement>> RunAsync(string scenario, string unit, int rounds, IReadOnlyList<Variant> variants, IProgress<string> progress, CancellationToken cancellationToken)
    {
        var values = variants.ToDictionary(variant => variant, _ => new List<double>());
        for (var round = 1; round <= rounds; round++)
        {
            foreach (var variant in variants)
            {
                cancellationToken.ThrowIfCancellationRequested();
                GC.Collect();
                var value = await variant.RunAsync(cancellationToken);
                values[variant].Add(value);
                progress.Report($"{scenario} round {round}/{rounds}: {variant.Name} {value:n0} {unit}");
            }
        }

        var limit = variants.FirstOrDefault(variant => variant.IsLimit) is { } limiting ? Median(values[limiting]) : (double?)null;
        return [.. variants.Select(variant => new Measurement(
            scenario, variant.Name, unit, Median(values[variant]), values[variant].Min(), values[variant].Max(), limit, limit is { } l ? Median(values[variant]) / l : null))];
    }

    private static double Median(List<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[(sorted.Length / 2) - 1] + sorted[sorted.Length / 2]) / 2;
    }
}
