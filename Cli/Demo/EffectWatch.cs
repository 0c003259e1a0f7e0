namespace FanOut.Cli.Demo;

/// <summary>Waits until each group has an effect for every order, or nothing has changed for the timeout.</summary>
internal sealed class EffectWatch(EffectLedger ledger, TimeProvider time)
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(300);

    /// <summary>The timeout must be longer than the reclaimer takes to hand over a dead worker's entries.</summary>
    public async Task WaitAsync(
        IReadOnlyCollection<string> orders, TimeSpan timeout, Action<string, int> onProgress, CancellationToken cancellationToken)
    {
        var pending = EffectLedger.Groups.ToDictionary(group => group, _ => orders.ToHashSet());
        var moved = time.GetTimestamp();
        while (true)
        {
            foreach (var (group, missing) in pending.Where(each => each.Value.Count > 0))
            {
                var effects = await ledger.EffectsAsync(group, missing, cancellationToken);
                missing.ExceptWith(effects.Keys);
                if (effects.Count > 0)
                {
                    moved = time.GetTimestamp();
                    onProgress(group, orders.Count - missing.Count);
                }
            }

            if (pending.Values.All(missing => missing.Count == 0) || time.GetElapsedTime(moved) > timeout)
            {
                return;
            }

            await Task.Delay(PollInterval, time, cancellationToken);
        }
    }
}
