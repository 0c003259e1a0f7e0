using System.Globalization;
using FanOut.Contracts.Operations;
using FanOut.Reclaimer.Requests;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.WebUtilities;
using Bus = FanOut.EventBus.DeadLetters;

namespace FanOut.Reclaimer.DeadLetters;

internal static class DeadLetterEndpoints
{
    private const int DefaultPage = 50;
    private const int MostPerPage = 200;
    private const int DefaultDecisions = 500;
    private static readonly string[] FilterNames = ["group", "type", "subject", "error", "from", "until"];

    private static readonly Dictionary<string, Bus.DeadLetterState> States = new()
    {
        ["dead"] = Bus.DeadLetterState.Dead,
        ["redriven"] = Bus.DeadLetterState.Redriven,
        ["discarded"] = Bus.DeadLetterState.Discarded,
    };

    public static void MapDeadLetters(this IEndpointRouteBuilder routes)
    {
        var letters = routes.MapGroup("/dead-letters").WithTags("Dead letters").AddEndpointFilter<UnavailableFilter>();
        letters.MapGet("", ListAsync)
            .WithName("ListDeadLetters")
            .WithSummary("List dead letters, newest first")
            .WithDescription($"Those that match every parameter given. state: dead, redriven or discarded. error: text that the error contains. from, until: when they became dead letters. limit: 1 to {MostPerPage} a page ({DefaultPage} unless given). after: the cursor of the page before.")
            .Produces<DeadLetterPage>()
            .ProducesValidationProblem();
        letters.MapGet("{number}", FindAsync)
            .WithName("GetDeadLetter")
            .WithSummary("Get a dead letter with its event and its history")
            .Produces<DeadLetterDetails>()
            .ProducesValidationProblem()
            .ProducesProblem(StatusCodes.Status404NotFound);
        MapDecision("redrive", "Give a dead letter to its group once more", "Give the dead letters that match to their groups once more, oldest first", (queue, number, by, token) => queue.RedriveAsync(number, by, token), (queue, filter, by, from, limit, token) => queue.RedriveAsync(filter, by, from, limit, token));
        MapDecision("discard", "Decide that a dead letter never goes to its group again", "Decide of the dead letters that match that they never go to their groups again", (queue, number, by, token) => queue.DiscardAsync(number, by, token), (queue, filter, by, from, limit, token) => queue.DiscardAsync(filter, by, from, limit, token));

        void MapDecision(string verb, string one, string many, DecideOne decideOne, DecideAll decideAll)
        {
            letters.MapPost($"{{number}}/{verb}", (string number, HttpRequest request, Bus.DeadLetterQueue queue, CancellationToken token) => DecideAsync(number, request, queue, decideOne, token))
                .WithSummary(one)
                .Accepts<Decide>("application/json")
                .Produces<DeadLetter>()
                .ProducesValidationProblem()
                .ProducesProblem(StatusCodes.Status404NotFound)
                .ProducesProblem(StatusCodes.Status409Conflict)
                .ProducesProblem(StatusCodes.Status503ServiceUnavailable);
            letters.MapPost(verb, (HttpRequest request, Bus.DeadLetterQueue queue, CancellationToken token) => DecideManyAsync(request, queue, decideAll, token))
                .WithSummary(many)
                .WithDescription("Without any condition, all must be true. One request looks at limit of them; to go on, send the same with after from the answer. What becomes a dead letter meanwhile is left alone.")
                .Accepts<DecideMany>("application/json")
                .Produces<DecidedMany>()
                .ProducesValidationProblem()
                .ProducesProblem(StatusCodes.Status503ServiceUnavailable);
        }
    }

    private delegate Task<Bus.DeadLetterDecision?> DecideOne(Bus.DeadLetterQueue queue, long number, string by, CancellationToken cancellationToken);

    private delegate Task<Bus.DeadLetterChange> DecideAll(Bus.DeadLetterQueue queue, Bus.DeadLetterFilter filter, string by, Bus.DeadLetterCursor? from, int limit, CancellationToken cancellationToken);

    private static async Task<IResult> ListAsync([AsParameters] DeadLetterParameters parameters, HttpRequest request, Bus.DeadLetterQueue queue, CancellationToken cancellationToken)
    {
        var reader = RequestReader.OfQuery(request.Query, [.. FilterNames, "state", "limit", "after"]);
        var filter = ReadFilter(reader) with { State = reader.OneOf("state", States) };
        var limit = reader.Limit("limit", DefaultPage, MostPerPage);
        long before = 0;
        if (reader.Text("after") is { } after && !long.TryParse(after, NumberStyles.None, CultureInfo.InvariantCulture, out before))
        {
            reader.Errors.Add("after", "must be the cursor of an earlier page");
        }

        if (reader.Errors.Any)
        {
            return reader.Errors.ToProblem();
        }

        var page = await queue.ListAsync(filter, limit, parameters.After is { Length: > 0 } ? before : null, cancellationToken);
        var cursor = page.Next?.ToString(CultureInfo.InvariantCulture);
        var next = cursor is null ? null : QueryHelpers.AddQueryString(
            "/dead-letters",
            request.Query.Where(pair => pair.Key != "after").Select(pair => KeyValuePair.Create(pair.Key, pair.Value.FirstOrDefault())).Append(KeyValuePair.Create<string, string?>("after", cursor)));
        return TypedResults.Ok(new DeadLetterPage([.. page.Letters.Select(DeadLetterView.Of)], cursor, next));
    }

    private static async Task<IResult> FindAsync(string number, Bus.DeadLetterQueue queue, CancellationToken cancellationToken)
    {
        var errors = new FieldErrors();
        var parsed = ReadNumber(number, errors);
        return errors.Any ? errors.ToProblem()
            : await queue.FindAsync(parsed, cancellationToken) is { } letter ? TypedResults.Ok(DeadLetterView.Of(letter))
            : NotFound(parsed);
    }

    private static async Task<IResult> DecideAsync(string number, HttpRequest request, Bus.DeadLetterQueue queue, DecideOne decide, CancellationToken cancellationToken)
    {
        var reader = await RequestReader.OfBodyAsync(request, ["by"], cancellationToken);
        var (parsed, by) = (ReadNumber(number, reader.Errors), reader.RequiredText("by", Bus.DeadLetterQueue.LongestName));
        if (reader.Errors.Any)
        {
            return reader.Errors.ToProblem();
        }

        if (await decide(queue, parsed, by, cancellationToken) is not { } decision || await queue.FindAsync(parsed, cancellationToken) is not { } letter)
        {
            return NotFound(parsed);
        }

        var state = DeadLetterView.Name(decision.State);
        return decision.IsChanged ? TypedResults.Ok(DeadLetterView.Of((Bus.DeadLetterSummary)letter))
            : decision.State == Bus.DeadLetterState.Dead ? TypedResults.Problem(title: "The dead letter is not complete yet.", detail: $"The failed delivery of dead letter {parsed} is still pending in Redis. Try again in a few seconds.", statusCode: StatusCodes.Status409Conflict)
            : TypedResults.Problem(
                title: $"The dead letter is {state} already.",
                detail: string.Create(CultureInfo.InvariantCulture, $"Dead letter {parsed} was {state} by {decision.DecidedBy} at {decision.DecidedAt:yyyy-MM-ddTHH:mm:ssZ}. A decision is made once; an event that fails again after its redrive is a new dead letter."),
                statusCode: StatusCodes.Status409Conflict,
                extensions: new Dictionary<string, object?> { ["state"] = state });
    }

    private static async Task<IResult> DecideManyAsync(HttpRequest request, Bus.DeadLetterQueue queue, DecideAll decide, CancellationToken cancellationToken)
    {
        var reader = await RequestReader.OfBodyAsync(request, [.. FilterNames, "by", "all", "numbers", "limit", "after"], cancellationToken);
        var filter = ReadFilter(reader) with { Numbers = reader.Numbers("numbers", Bus.DeadLetterQueue.MostPerCall) };
        var (by, all) = (reader.RequiredText("by", Bus.DeadLetterQueue.LongestName), reader.Flag("all"));
        var limit = reader.Limit("limit", DefaultDecisions, Bus.DeadLetterQueue.MostPerCall);
        var cursor = ReadCursor(reader);
        if (!reader.Errors.Any && filter == new Bus.DeadLetterFilter() != all)
        {
            reader.Errors.Add("all", all ? "must not be true together with a condition" : "must be true where there is no condition, for then every dead letter of every group is meant");
        }

        if (reader.Errors.Any)
        {
            return reader.Errors.ToProblem();
        }

        var change = await decide(queue, filter, by, cursor, limit, cancellationToken);
        return TypedResults.Ok(new DecidedMany(change.Changed, change.Unchanged, change.Next is { } next ? string.Create(CultureInfo.InvariantCulture, $"{next.After}-{next.UpTo}") : null));
    }

    private static Bus.DeadLetterFilter ReadFilter(RequestReader reader) => new()
    {
        Group = reader.Group("group"),
        Type = reader.Text("type"),
        Subject = reader.Text("subject"),
        Error = reader.Text("error"),
        From = reader.Time("from"),
        Until = reader.Time("until"),
    };

    private static Bus.DeadLetterCursor? ReadCursor(RequestReader reader)
    {
        if (reader.Text("after") is not { } text)
        {
            return null;
        }

        if (text.Split('-') is [var after, var upTo]
            && long.TryParse(after, NumberStyles.None, CultureInfo.InvariantCulture, out var from) && long.TryParse(upTo, NumberStyles.None, CultureInfo.InvariantCulture, out var last))
        {
            return new(from, last);
        }

        reader.Errors.Add("after", "must be the cursor of an earlier answer");
        return null;
    }

    private static long ReadNumber(string number, FieldErrors errors)
    {
        if (!long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var parsed))
        {
            errors.Add("number", "must be the number of a dead letter");
        }

        return parsed;
    }

    private static ProblemHttpResult NotFound(long number) => TypedResults.Problem(
        title: "There is no such dead letter.", detail: string.Create(CultureInfo.InvariantCulture, $"No dead letter of this stream has the number {number}."), statusCode: StatusCodes.Status404NotFound);
}
