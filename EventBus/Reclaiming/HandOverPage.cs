using StackExchange.Redis;

namespace FanOut.EventBus.Reclaiming;

/// <summary>What became of some of a group's due entries.</summary>
/// <param name="Next">Where the next page begins; empty after the last.</param>
/// <param name="LiveLanes">How many lanes are alive.</param>
/// <param name="Given">How many entries were given to a lane.</param>
/// <param name="Waiting">How many stay where they are, because no lane is alive or each has as many as it may.</param>
/// <param name="Missing">Ids that were pending and are no longer on the stream. They are not pending any more.</param>
/// <param name="Exhausted">Entries that were delivered as often as they may. They stay where they are.</param>
internal sealed record HandOverPage(RedisValue Next, int LiveLanes, int Given, int Waiting, string[] Missing, ExhaustedEntry[] Exhausted);
