namespace FanOut.Bench;

/// <summary>Runs variants in turn, A B C A B C, so that other load on the machine affects all of them, and takes medians.</summary>
internal static class Rounds
{
    public static async Task<IReadOnlyList<Measurement>> RunAsync(
        string scenario, BenchRun run, IReadOnlyList<Variant> variants, CancellationToken cancellationToken, bool warmUp = true)
    {
        var values = variants.ToDictionary(variant => variant, variant => variant.Figures.Select(_ => new List<double>()).ToArray());
        for (var round = warmUp ? 0 : 1; round <= run.Rounds; round++)
        {
            foreach (var variant in variants)
            {
                cancellationToken.ThrowIfCancellationRequested();
                GC.Collect();
                var figures = await variant.RunAsync(round == 0, cancellationToken);
                for (var i = 0; round > 0 && i < figures.Length; i++)
                {
                    values[variant][i].Add(figures[i]);
                }

                var seen = figures.Zip(variant.Figures, (value, figure) => $"{figure.Name} {Quantity.Format(value)} {figure.Unit}".TrimStart());
                run.Say($"{scenario} {(round == 0 ? "warm-up" : $"round {round}/{run.Rounds}")}: {variant.Name}: {string.Join(", ", seen)}");
            }
        }

        return [.. variants.SelectMany(variant => variant.Figures.Select((figure, i) =>
        {
            var seen = values[variant][i];
            return new Measurement(
                scenario, $"{variant.Name} {figure.Name}".Trim(), variant.Standing, figure.Unit, Median(seen), seen.Min(), seen.Max(),
                Of(Standing.Limit, figure), Median(seen) / Of(Standing.Baseline, figure), figure.Goals);
        }))];

        double? Of(Standing standing, FigureSpec figure)
        {
            foreach (var variant in variants.Where(variant => variant.Standing == standing))
            {
                for (var i = 0; i < variant.Figures.Count; i++)
                {
                    if (variant.Figures[i].Name == figure.LimitFigure && variant.Figures[i].Unit == figure.Unit)
                    {
                        return Median(values[variant][i]);
                    }
                }
            }

            return null;
        }
    }

    private static double Median(List<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[(sorted.Length / 2) - 1] + sorted[sorted.Length / 2]) / 2;
    }
}
