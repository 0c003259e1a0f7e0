using System.Globalization;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace FanOut.EventBus.Maintenance;

/// <summary>
/// Unhealthy before the first sample and while there is no fresh one; degraded where a group falls behind or nobody works for
/// it, which a restart of the reclaimer would not change.
/// </summary>
internal sealed class ReclaimerHealthCheck(StreamSampler sampler, ReclaimerOptions options) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(Check());

    private HealthCheckResult Check()
    {
        if (sampler.Fresh is not { } sample)
        {
            return HealthCheckResult.Unhealthy(
                $"The reclaimer has no sample younger than {sampler.StaleAfter}: {sampler.Failure ?? "the first one is being taken"}.");
        }

        var data = sample.Groups.ToDictionary(group => group.Group.Value, group => (object)string.Create(
            CultureInfo.InvariantCulture,
            $"lag {group.Lag} ({group.LagDuration.TotalSeconds:0.0} s), pending {group.Pending}, waiting {group.Waiting}, "
            + $"dead letters {group.DeadLetters}, lanes {group.LiveLanes}{(group.Pause is { } pause ? $", paused by {pause.By}" : "")}"));
        string[] notes = [.. sample.Groups.SelectMany(Notes), .. Notes(sample)];
        return notes.Length == 0 ? HealthCheckResult.Healthy(data: data) : HealthCheckResult.Degraded(string.Join(" ", notes), data: data);
    }

    private IEnumerable<string> Notes(StreamSample sample)
    {
        if (sample.MemoryLeft < options.CapacityWarning)
        {
            yield return $"Redis will have used up its memory in about {sample.MemoryLeft:d\\.hh\\:mm\\:ss}; then the relay waits and the outbox "
                + "grows. Add workers to the slowest group, or raise maxmemory.";
        }

        if (sample.LengthLeft < options.CapacityWarning)
        {
            yield return $"The stream will reach MaxStreamLength in about {sample.LengthLeft:d\\.hh\\:mm\\:ss}; then its oldest entries are trimmed, "
                + "and groups that miss them get them later, from the outbox. Add workers to the slowest group, or raise MaxStreamLength.";
        }
    }

    private IEnumerable<string> Notes(GroupSample group)
    {
        if (!group.Exists)
        {
            yield return $"Group '{group.Group}' is missing in Redis; the reclaimer creates it again.";
        }

        if (group.Pause is { } pause)
        {
            if (group.LagDuration > options.LagWarning)
            {
                yield return $"Group '{group.Group}' is {group.LagDuration.TotalSeconds:0} s behind; it was paused by {pause.By}: resume it.";
            }
        }
        else if (group.LiveLanes == 0 && group.Lag + group.Pending > 0)
        {
            yield return $"Group '{group.Group}' has work but no live lane: start a worker.";
        }
        else if (group.LagDuration > options.LagWarning)
        {
            yield return $"Group '{group.Group}' is {group.LagDuration.TotalSeconds:0} s behind "
                + $"({ReclaimerOptions.SectionName}:{nameof(options.LagWarning)} is {options.LagWarning}): add workers or lanes.";
        }
    }
}
