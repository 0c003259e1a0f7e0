namespace FanOut.EndToEnd.Tests.Running;

/// <summary>Settings that retry and reclaim entries after seconds instead of a minute.</summary>
internal static class QuickRecovery
{
    public static readonly IReadOnlyDictionary<string, string> Settings = new Dictionary<string, string>
    {
        ["EventBus__Consumer__RetryDelays__0"] = "00:00:00.2",
        ["EventBus__Consumer__RetryPollInterval"] = "00:00:00.2",
        ["EventBus__Consumer__ReclaimAfter"] = "00:00:03",
        ["EventBus__Reclaimer__Interval"] = "00:00:00.25",
    };
}
