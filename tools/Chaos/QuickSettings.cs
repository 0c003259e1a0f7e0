using System.Globalization;

namespace FanOut.Chaos;

/// <summary>The services' settings, with times for a recovery within seconds. Only times, sizes and folders differ.</summary>
internal static class QuickSettings
{
    /// <summary>How long an entry may be pending before it is reclaimed.</summary>
    public static readonly TimeSpan ReclaimAfter = TimeSpan.FromSeconds(3);

    public static Dictionary<string, string> For(string mailFolder)
    {
        var settings = new Dictionary<string, string>
        {
            // Small batches and few lanes, so that a few dozen orders a second make many batches for a fault to hit.
            ["EventBus__Consumer__Lanes"] = "2",
            ["EventBus__Consumer__BatchSize"] = "20",
            ["EventBus__Consumer__PauseAbove"] = "2000",
            ["EventBus__Consumer__BlockFor"] = "00:00:00.25",
            ["EventBus__Consumer__RetryDelays__0"] = "00:00:00.2",
            ["EventBus__Consumer__RetryPollInterval"] = "00:00:00.2",
            ["EventBus__Consumer__ReclaimAfter"] = ReclaimAfter.ToString("c", CultureInfo.InvariantCulture),
            ["EventBus__Consumer__HandlerTimeout"] = "00:00:05",
            ["EventBus__Outbox__BatchSize"] = "50",
            ["EventBus__Outbox__PollInterval"] = "00:00:00.1",
            ["EventBus__Outbox__LeaseTimeout"] = "00:00:02",
            ["EventBus__Outbox__MaxBackoff"] = "00:00:00.5",
            ["EventBus__Reclaimer__Interval"] = "00:00:00.1",
            ["Webhooks__AllowPrivateNetworks"] = "true",
            ["Webhooks__Timeout"] = "00:00:02",
            ["Webhooks__Lease"] = "00:00:03",
            ["Webhooks__PollInterval"] = "00:00:00.2",
            ["Smtp__Timeout"] = "00:00:01",
            ["Notifications__Lease"] = "00:00:06",
            ["Notifications__PollInterval"] = "00:00:00.2",
            ["Smtp__PickupFolder"] = mailFolder,
            ["OTEL_TRACES_SAMPLER"] = "always_off",
            ["Logging__LogLevel__Default"] = "Information",
            ["Logging__LogLevel__Microsoft"] = "Warning",
            ["Logging__LogLevel__System"] = "Warning",
            ["Logging__Console__FormatterName"] = "simple",
            ["Logging__Console__FormatterOptions__SingleLine"] = "true",
            ["Logging__Console__FormatterOptions__TimestampFormat"] = "HH:mm:ss.fff ",
        };
        for (var retry = 0; retry < 100; retry++)
        {
            settings[$"Webhooks__RetrySchedule__{retry}"] = "00:00:00.5";
            settings[$"Notifications__RetrySchedule__{retry}"] = "00:00:00.5";
        }

        return settings;
    }
}
