using FanOut.EventBus.Redis;
using StackExchange.Redis;

namespace FanOut.EventBus.Publishing;

/// <summary>
/// Says which relay leads, so that the others need not do the same work. Nothing rests on it: two that lead at once cannot harm each other. It is
/// taken over when it has not changed for a while, by this process' own clock that only goes forward.
/// </summary>
internal sealed class RelayLease(StreamName stream, IConnectionMultiplexer redis, OutboxOptions options, TimeProvider time)
{
    private const int RenewalsInTimeout = 5;
    private static readonly TimeSpan MaxInterval = TimeSpan.FromSeconds(1);
    private static readonly EmbeddedScript Take = new("Publishing.take_lease.lua");

    private readonly RedisKey[] _keys = [StreamKeys.Lease(stream)];
    private readonly string _run = $"{Guid.NewGuid():n}:";
    private long _count;
    private long _renewedAt;
    private string? _seen;
    private long _seenAt;

    /// <summary>How often it is renewed, and how often a standby looks at it.</summary>
    public TimeSpan Interval { get; } =
        options.LeaseTimeout / RenewalsInTimeout < MaxInterval ? options.LeaseTimeout / RenewalsInTimeout : MaxInterval;

    /// <summary>Takes the lease, or keeps it as it is: a relay that fails again and again must not keep the others away.</summary>
    /// <returns>Whether this relay leads.</returns>
    public Task<bool> TryTakeAsync() => AskAsync(renews: false);

    /// <summary>After work that went well.</summary>
    /// <returns>Whether this relay still leads.</returns>
    public async ValueTask<bool> RenewAsync() => time.GetElapsedTime(_renewedAt) < Interval || await AskAsync(renews: true);

    /// <summary>Lets another replica lead at once.</summary>
    public async Task ReleaseAsync()
    {
        var database = redis.GetDatabase();
        if (((string?)await database.StringGetAsync(_keys[0]))?.StartsWith(_run, StringComparison.Ordinal) == true)
        {
            await database.KeyDeleteAsync(_keys[0]);
        }
    }

    private async Task<bool> AskAsync(bool renews)
    {
        var mayReplace = _seen is not null && time.GetElapsedTime(_seenAt) >= options.LeaseTimeout;
        var reply = await Take.RunAsync(
            redis.GetDatabase(), _keys, [_run, $"{_run}{++_count}", mayReplace ? _seen : "", renews ? 1 : 0]);
        var holder = (string?)reply;
        if (string.IsNullOrEmpty(holder))
        {
            _seen = null;
            _renewedAt = renews ? time.GetTimestamp() : _renewedAt;
            return true;
        }

        if (holder != _seen)
        {
            (_seen, _seenAt) = (holder, time.GetTimestamp());
        }

        return false;
    }
}
