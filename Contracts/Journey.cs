namespace FanOut.Contracts;

/// <summary>What one service knows of the way of an order, in the order in which it happened.</summary>
public sealed record Journey(IReadOnlyList<JourneyStep> Steps);

/// <summary>
/// A step. <c>part</c> is <c>order</c>, <c>outbox</c>, <c>stream</c>, <c>group</c>, <c>webhook</c> or <c>mail</c>; <c>name</c> is the group,
/// the address of the endpoint or the recipient. <c>state</c> is <c>done</c>, <c>unread</c>, <c>pending</c> (being worked on), <c>waiting</c>
/// (for its next attempt), <c>dead</c> (failed for good) or <c>discarded</c>. <c>at</c> is when it reached this state; of a step that waits,
/// null. <c>trace</c> is the id of its trace. <c>id</c> is what the step is about: the order, a position, the number of a dead letter, a
/// delivery or a mail.
/// </summary>
public sealed record JourneyStep(
    string Part,
    string Name,
    string State,
    DateTimeOffset? At,
    string? Detail = null,
    int? Attempts = null,
    DateTimeOffset? NextAttemptAt = null,
    string? Trace = null,
    string? Id = null);

/// <summary>
/// A queue of work that follows an event's effect: webhooks or mails. <c>overdueSeconds</c> is for how long the most overdue one has been due.
/// <c>rate</c> is how many were finished a second, and <c>failedRate</c> how many failed for good, both in the last minute. <c>failed</c> is of the
/// last 24 hours, up to 50,000; above 50,000, <c>pending</c> is as of the worker's last sweep.
/// </summary>
public sealed record WorkQueueSummary(DateTimeOffset At, long Pending, long Failed, double OverdueSeconds, double Rate, double FailedRate);
