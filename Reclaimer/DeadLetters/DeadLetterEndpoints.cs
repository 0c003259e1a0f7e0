using System.Globalization;
using System.Security.Claims;
using FanOut.Contracts;
using FanOut.Contracts.Operations;
using FanOut.ServiceDefaults.Access;
using FanOut.ServiceDefaults.Requests;
using Microsoft.AspNetCore.Http.HttpResults;
using Bus = FanOut.EventBus;

namespace FanOut.Reclaimer.DeadLetters;

internal static class DeadLetterEndpoints
{
    public static void MapDeadLetters(this IEndpointRouteBuilder routes)
    {
        var letters = routes.MapGroup("/dead-letters").WithTags("Dead letters");
        letters.MapGet("", ListAsync)
            .RequireScope(Scopes.OpsRead)
            .WithName("ListDeadLetters")
            .WithSummary("List dead letters, newest first")
            .WithDescription(
                "Returns dead letters that match all given parameters. state: dead or discarded. error: text in the error. " +
                "kind: exactly this kind of error. " +
                "from, until: when they became dead letters. limit: 1 to 200 per page (default 50). after: the cursor of the previous page.")
            .Produces<DeadLetterPage>()
            .ProducesValidationProblem();
        letters.MapGet("errors", ListErrorsAsync)
            .RequireScope(Scopes.OpsRead)
            .WithName("ListDeadLetterErrors")
            .WithSummary("Count dead letters by the kind of their error")
            .WithDescription(
                "A kind is an error without numbers, ids and quoted values. Most frequent first, at most 200. state: dead (default) or discarded.")
            .Produces<DeadLetterErrorList>()
            .ProducesValidationProblem();
        letters.MapPost("undo", UndoAsync)
            .RequireScope(Scopes.OpsWrite)
            .RecordAction("undo dead letters")
            .WithSummary("Undo a redrive or discard")
            .WithDescription(
                "Within a minute. What was discarded is dead again, and what was redriven, unless a worker has taken it since: it has its effect " +
                "once. Sending the request again is safe.")
            .Produces<UndoneChange>()
            .ProducesValidationProblem()
            .ProducesProblem(StatusCodes.Status404NotFound)
            .ProducesProblem(StatusCodes.Status409Conflict)
            .ProducesProblem(StatusCodes.Status503ServiceUnavailable)
            .DisableRequestTimeout();
        letters.MapGet("{number}", FindAsync)
            .RequireScope(Scopes.OpsRead)
            .WithName("GetDeadLetter")
            .WithSummary("Get a dead letter with its event")
            .Produces<DeadLetterDetails>()
            .ProducesValidationProblem()
            .ProducesProblem(StatusCodes.Status404NotFound);
        MapDecision(
            "redrive",
            "Deliver a dead letter to its group again",
            "Deliver all matching dead letters to their groups again");
        MapDecision(
            "discard",
            "Mark a dead letter as discarded",
            "Mark all matching dead letters as discarded");

        void MapDecision(string verb, string one, string many)
        {
            var redrive = verb == "redrive";
            letters.MapPost(
                $"{{number}}/{verb}",
                (long number, ClaimsPrincipal caller, Bus.DeadLetterQueue queue, CancellationToken token) =>
                    DecideAsync(redrive, number, caller.Name(), queue, token))
                .RequireScope(Scopes.OpsWrite)
                .RecordAction($"{verb} dead letter")
                .WithSummary(one)
                .Produces<DeadLetter>()
                .ProducesValidationProblem()
                .ProducesProblem(StatusCodes.Status404NotFound)
                .ProducesProblem(StatusCodes.Status409Conflict)
                .ProducesProblem(StatusCodes.Status503ServiceUnavailable);
            letters.MapPost(
                verb,
                (DecideMany decision, HttpContext http, Bus.DeadLetterQueue queue, CancellationToken token) =>
                    DecideManyAsync(redrive, decision, http, queue, token))
                .RequireScope(Scopes.OpsWrite)
                .RecordAction($"{verb} dead letters")
                .WithSummary(many)
                .WithDescription(
                    "At least one condition, or all=true, is required. All that match are changed, or none is; sending the request again is safe. " +
                    "limit: only so many, the lowest numbers first; repeat the request until it changes none. change: an id that you make up, to " +
                    "undo the request; several can share one.")
                .Produces<DecidedMany>()
                .ProducesValidationProblem()
                .ProducesProblem(StatusCodes.Status503ServiceUnavailable)
                .DisableRequestTimeout(); // A hundred thousand rows take a while.
        }
    }

    private static async Task<IResult> ListAsync(
        [AsParameters] DeadLetterQuery query, HttpRequest request, Bus.DeadLetterQueue queue, CancellationToken cancellationToken)
    {
        var filter = Filter(query.Group, query.Type, query.Subject, query.Error, Time(query.From), Time(query.Until));
        filter = filter with { State = DeadLetterView.State(query.State), Kind = query.Kind };
        var page = await queue.ListAsync(filter, query.Limit, CursorAttribute.Parse(query.After), cancellationToken);
        var after = page.Next?.ToString(CultureInfo.InvariantCulture);
        var next = after is null ? null : request.AddressOfPage(after);
        return TypedResults.Ok(new DeadLetterPage([.. page.Letters.Select(DeadLetterView.Of)], after, next));

        static DateTimeOffset? Time(string? text) => Rfc3339Converter.TryParse(text ?? "", out var time) ? time : null;
    }

    private static async Task<IResult> ListErrorsAsync(
        [AsParameters] DeadLetterErrorQuery query, Bus.DeadLetterQueue queue, CancellationToken cancellationToken)
    {
        var group = query.Group is null ? (Bus.GroupName?)null : new Bus.GroupName(query.Group);
        var errors = await queue.ListErrorsAsync(group, DeadLetterView.State(query.State) ?? Bus.DeadLetterState.Dead, cancellationToken);
        return TypedResults.Ok(new DeadLetterErrorList([.. errors.Select(DeadLetterView.Of)]));
    }

    private static async Task<IResult> UndoAsync(
        UndoChange undo, HttpContext http, Bus.DeadLetterQueue queue, CancellationToken cancellationToken)
    {
        await http.RecordTargetAsync($"change={undo.Change}", cancellationToken);
        return await queue.UndoAsync(undo.Change, http.User.Name(), cancellationToken) switch
        {
            null => TypedResults.Problem(
                title: "There is nothing to undo.",
                detail: $"No dead letter of this stream was changed by '{undo.Change}', or all that it redrove are handled.",
                statusCode: StatusCodes.Status404NotFound),
            { IsInTime: false } => TypedResults.Problem(
                title: "It is too late to undo this.",
                detail: $"Change '{undo.Change}' was made more than a minute ago. A redriven event that fails again becomes a dead letter again.",
                statusCode: StatusCodes.Status409Conflict),
            { } undone => TypedResults.Ok(new UndoneChange(undone.Restored)),
        };
    }

    private static async Task<IResult> FindAsync(long number, Bus.DeadLetterQueue queue, CancellationToken cancellationToken) =>
        await queue.FindAsync(number, cancellationToken) is { } letter ? TypedResults.Ok(DeadLetterView.Of(letter)) : NotFound(number);

    private static async Task<IResult> DecideAsync(
        bool redrive, long number, string by, Bus.DeadLetterQueue queue, CancellationToken cancellationToken)
    {
        var decided = redrive ? queue.RedriveAsync(number, by, cancellationToken) : queue.DiscardAsync(number, by, cancellationToken);
        if (await decided is not { } decision)
        {
            return NotFound(number);
        }

        var (letter, state) = (decision.Letter, DeadLetterView.Name(decision.Letter.State));
        return decision.IsChanged ? TypedResults.Ok(DeadLetterView.Of(letter))
            : letter.State == Bus.DeadLetterState.Dead ? TypedResults.Problem(
                title: "The dead letter cannot be redriven.",
                detail: $"Dead letter {number} is an entry that is no event of the outbox. Discard it.",
                statusCode: StatusCodes.Status409Conflict)
            : TypedResults.Problem(
                title: $"The dead letter is already {state}.",
                detail: string.Create(
                    CultureInfo.InvariantCulture,
                    $"Dead letter {number} was {state} by {letter.ChangedBy} at {letter.ChangedAt:yyyy-MM-ddTHH:mm:ssZ}. A redriven event that "
                    + $"fails again becomes a dead letter again, with the same number."),
                statusCode: StatusCodes.Status409Conflict,
                extensions: new Dictionary<string, object?> { ["state"] = state });
    }

    private static async Task<IResult> DecideManyAsync(
        bool redrive, DecideMany decision, HttpContext http, Bus.DeadLetterQueue queue, CancellationToken cancellationToken)
    {
        await http.RecordTargetAsync(DeadLetterView.Summary(decision), cancellationToken);
        var by = http.User.Name();
        var filter = Filter(decision.Group, decision.Type, decision.Subject, decision.Error, decision.From, decision.Until);
        filter = filter with { Numbers = decision.Numbers?.ToArray(), Kind = decision.Kind };
        var id = decision.Change ?? Guid.CreateVersion7();
        var change = redrive
            ? await queue.RedriveAsync(filter, by, id, decision.Limit, cancellationToken)
            : await queue.DiscardAsync(filter, by, id, decision.Limit, cancellationToken);
        var unchanged = decision.Numbers is { } numbers ? numbers.Distinct().Count() - change.Changed : change.NotEvents;
        return TypedResults.Ok(new DecidedMany(change.Changed, unchanged, id));
    }

    private static Bus.DeadLetterFilter Filter(
        string? group, string? type, string? subject, string? error, DateTimeOffset? from, DateTimeOffset? until) => new()
        {
            Group = group is null ? null : new Bus.GroupName(group),
            Type = type,
            Subject = subject,
            Error = error,
            From = from,
            Until = until,
        };

    private static ProblemHttpResult NotFound(long number) => TypedResults.Problem(
        $"No dead letter of this stream has the number {number}.", null, StatusCodes.Status404NotFound, "There is no such dead letter.");
}
