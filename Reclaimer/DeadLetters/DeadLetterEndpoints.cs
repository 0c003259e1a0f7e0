using System.Globalization;
using FanOut.Contracts;
using FanOut.Contracts.Operations;
using FanOut.EventBus;
using FanOut.ServiceDefaults.Requests;
using Microsoft.AspNetCore.Http.HttpResults;
using Bus = FanOut.EventBus.DeadLetters;

namespace FanOut.Reclaimer.DeadLetters;

internal static class DeadLetterEndpoints
{
    private const int DefaultDecisions = 500;

    public static void MapDeadLetters(this IEndpointRouteBuilder routes)
    {
        var letters = routes.MapGroup("/dead-letters").WithTags("Dead letters").AddEndpointFilter<UnavailableFilter>();
        letters.MapGet("", ListAsync)
            .WithName("ListDeadLetters")
            .WithSummary("List dead letters, newest first")
            .WithDescription(
                "Returns dead letters that match all given parameters. state: dead, redriven or discarded. error: text in the error. " +
                "from, until: when they became dead letters. limit: 1 to 200 per page (default 50). after: the cursor of the previous page.")
            .Produces<DeadLetterPage>()
            .ProducesValidationProblem();
        letters.MapGet("{number}", FindAsync)
            .WithName("GetDeadLetter")
            .WithSummary("Get a dead letter with its event and its history")
            .Produces<DeadLetterDetails>()
            .ProducesValidationProblem()
            .ProducesProblem(StatusCodes.Status404NotFound);
        MapDecision(
            "redrive",
            "Deliver a dead letter to its group again",
            "Deliver matching dead letters to their groups again, oldest first");
        MapDecision(
            "discard",
            "Mark a dead letter as discarded",
            "Mark matching dead letters as discarded, oldest first");

        void MapDecision(string verb, string one, string many)
        {
            var redrive = verb == "redrive";
            letters.MapPost(
                $"{{number}}/{verb}",
                (long number, Decide decision, Bus.DeadLetterQueue queue, CancellationToken token) =>
                    DecideAsync(redrive, number, decision.By, queue, token))
                .WithSummary(one)
                .Produces<DeadLetter>()
                .ProducesValidationProblem()
                .ProducesProblem(StatusCodes.Status404NotFound)
                .ProducesProblem(StatusCodes.Status409Conflict)
                .ProducesProblem(StatusCodes.Status503ServiceUnavailable);
            letters.MapPost(
                verb, (DecideMany decision, Bus.DeadLetterQueue queue, CancellationToken token) => DecideManyAsync(redrive, decision, queue, token))
                .WithSummary(many)
                .WithDescription(
                    "At least one condition, or all=true, is required. One request processes up to limit dead letters; to continue, send it " +
                    "again with after from the answer. Newer dead letters are not included.")
                .Produces<DecidedMany>()
                .ProducesValidationProblem()
                .ProducesProblem(StatusCodes.Status503ServiceUnavailable);
        }
    }

    private static async Task<IResult> ListAsync(
        [AsParameters] DeadLetterQuery query, HttpRequest request, Bus.DeadLetterQueue queue, CancellationToken cancellationToken)
    {
        var filter = Filter(query.Group, query.Type, query.Subject, query.Error, Time(query.From), Time(query.Until));
        filter = filter with { State = DeadLetterView.State(query.State) };
        var page = await queue.ListAsync(filter, query.Limit, CursorAttribute.Parse(query.After), cancellationToken);
        var after = page.Next?.ToString(CultureInfo.InvariantCulture);
        var next = after is null ? null : request.AddressOfPage(after);
        return TypedResults.Ok(new DeadLetterPage([.. page.Letters.Select(DeadLetterView.Of)], after, next));

        static DateTimeOffset? Time(string? text) => Rfc3339Converter.TryParse(text ?? "", out var time) ? time : null;
    }

    private static async Task<IResult> FindAsync(long number, Bus.DeadLetterQueue queue, CancellationToken cancellationToken) =>
        await queue.FindAsync(number, cancellationToken) is { } letter ? TypedResults.Ok(DeadLetterView.Of(letter)) : NotFound(number);

    private static async Task<IResult> DecideAsync(
        bool redrive, long number, string by, Bus.DeadLetterQueue queue, CancellationToken cancellationToken)
    {
        var decided = redrive ? queue.RedriveAsync(number, by, cancellationToken) : queue.DiscardAsync(number, by, cancellationToken);
        if (await decided is not { } decision
            || await queue.FindAsync(number, cancellationToken) is not { } letter)
        {
            return NotFound(number);
        }

        var state = DeadLetterView.Name(decision.State);
        return decision.IsChanged ? TypedResults.Ok(DeadLetterView.Of((Bus.DeadLetterSummary)letter))
            : decision.State == Bus.DeadLetterState.Dead ? TypedResults.Problem(
                title: "The dead letter is not complete yet.",
                detail: $"The failed delivery of dead letter {number} is still pending in Redis. Try again in a few seconds.",
                statusCode: StatusCodes.Status409Conflict)
            : TypedResults.Problem(
                title: $"The dead letter is already {state}.",
                detail: string.Create(
                    CultureInfo.InvariantCulture,
                    $"Dead letter {number} was {state} by {decision.DecidedBy} at {decision.DecidedAt:yyyy-MM-ddTHH:mm:ssZ}. A decision is final; " +
                    $"an event that fails again after its redrive is a new dead letter."),
                statusCode: StatusCodes.Status409Conflict,
                extensions: new Dictionary<string, object?> { ["state"] = state });
    }

    private static async Task<IResult> DecideManyAsync(
        bool redrive, DecideMany decision, Bus.DeadLetterQueue queue, CancellationToken cancellationToken)
    {
        var filter = Filter(decision.Group, decision.Type, decision.Subject, decision.Error, decision.From, decision.Until);
        filter = filter with { Numbers = decision.Numbers?.ToArray() };
        Bus.DeadLetterCursor? cursor = decision.After?.Split('-') is [var after, var upTo]
            ? new(long.Parse(after, CultureInfo.InvariantCulture), long.Parse(upTo, CultureInfo.InvariantCulture))
            : null;
        var limit = decision.Limit ?? DefaultDecisions;
        var change = redrive
            ? await queue.RedriveAsync(filter, decision.By, cursor, limit, cancellationToken)
            : await queue.DiscardAsync(filter, decision.By, cursor, limit, cancellationToken);
        return TypedResults.Ok(new DecidedMany(
            change.Changed,
            change.Unchanged,
            change.Next is { } next ? string.Create(CultureInfo.InvariantCulture, $"{next.After}-{next.UpTo}") : null));
    }

    private static Bus.DeadLetterFilter Filter(
        string? group, string? type, string? subject, string? error, DateTimeOffset? from, DateTimeOffset? until) => new()
        {
            Group = group is null ? null : new GroupName(group),
            Type = type,
            Subject = subject,
            Error = error,
            From = from,
            Until = until,
        };

    private static ProblemHttpResult NotFound(long number) => TypedResults.Problem(
        $"No dead letter of this stream has the number {number}.", null, StatusCodes.Status404NotFound, "There is no such dead letter.");
}
