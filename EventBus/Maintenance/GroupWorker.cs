namespace FanOut.EventBus;

/// <summary>A process that runs a consumer group, as it last wrote it to Postgres.</summary>
/// <param name="Name">Its name: how the names of its consumers begin.</param>
/// <param name="State">What it does.</param>
/// <param name="Reason">Why its first waiting lane waits; null while all work, and where it does not run.</param>
/// <param name="Lanes">How many lanes it has.</param>
/// <param name="Rate">Events that it finished a second, over the ten seconds before; zero where it does not run.</param>
/// <param name="StartedAt">When it started to run the group, by its own clock.</param>
/// <param name="SeenAt">When it wrote this, by Postgres' clock. A worker does it every two seconds.</param>
public sealed record GroupWorker(
    string Name, WorkerState State, string? Reason, int Lanes, double Rate, DateTimeOffset StartedAt, DateTimeOffset SeenAt);

/// <summary>What a process that runs a consumer group does.</summary>
public enum WorkerState
{
    /// <summary>Its lanes work.</summary>
    Working,

    /// <summary>The group is paused, and it has stopped reading.</summary>
    Paused,

    /// <summary>At least one lane waits.</summary>
    Waiting,

    /// <summary>It has ended in an orderly way.</summary>
    Stopped,

    /// <summary>It has not been seen for 15 seconds, and did not say that it stops.</summary>
    Gone,
}

/// <summary>That a consumer group is paused.</summary>
/// <param name="At">Since when, by Postgres' clock.</param>
/// <param name="By">Who paused it.</param>
public sealed record GroupPause(DateTimeOffset At, string By);
