using Refit;

namespace FanOut.Contracts.Operations;

public interface IOperationsApi
{
    [Get("/streams")]
    Task<StreamList> ListStreamsAsync(CancellationToken cancellationToken = default);

    [Get("/groups")]
    Task<GroupList> ListGroupsAsync(CancellationToken cancellationToken = default);

    [Get("/groups/{name}")]
    Task<GroupStatus> GetGroupAsync(string name, CancellationToken cancellationToken = default);

    [Get("/dead-letters")]
    Task<DeadLetterPage> ListDeadLettersAsync([Query] DeadLetterQuery? query = null, CancellationToken cancellationToken = default);

    [Get("/dead-letters/{number}")]
    Task<DeadLetterDetails> GetDeadLetterAsync(long number, CancellationToken cancellationToken = default);

    [Post("/dead-letters/{number}/redrive")]
    Task<DeadLetter> RedriveAsync(long number, [Body] Decide decision, CancellationToken cancellationToken = default);

    [Post("/dead-letters/redrive")]
    Task<DecidedMany> RedriveManyAsync([Body] DecideMany decision, CancellationToken cancellationToken = default);

    [Post("/dead-letters/{number}/discard")]
    Task<DeadLetter> DiscardAsync(long number, [Body] Decide decision, CancellationToken cancellationToken = default);

    [Post("/dead-letters/discard")]
    Task<DecidedMany> DiscardManyAsync([Body] DecideMany decision, CancellationToken cancellationToken = default);

    [Get("/kafka-trigger")]
    Task<KafkaTriggerStatus> GetKafkaTriggerAsync(CancellationToken cancellationToken = default);
}
