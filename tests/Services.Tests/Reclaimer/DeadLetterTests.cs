using System.Net;
using FanOut.Contracts;
using FanOut.Contracts.Operations;
using FanOut.TestServers;
using Xunit;

namespace FanOut.Services.Tests.Reclaimer;

public sealed class DeadLetterTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_dead_letter_is_listed_shown_and_redriven_once()
    {
        await using var operations = await Operations.StartAsync();
        var number = await operations.AddAsync(data: """{"number":7,"deep":[1,{"a":null}]}""");

        var listed = Assert.Single((await operations.Api.ListDeadLettersAsync(new(State: "dead"), Cancellation)).DeadLetters);
        var shown = await operations.Api.GetDeadLetterAsync(number, Cancellation);
        Assert.Equal((number, "dead", 1L, "1700000000000-1"), (listed.Number, listed.State, listed.Position!.Value, listed.Entry));
        Assert.Equal(listed, shown.Letter);
        Assert.Equal("""{"number":7,"deep":[1,{"a":null}]}""", shown.Data!.Value.GetRawText());
        Assert.Null(shown.DataBase64);

        var redriven = await operations.Api.RedriveAsync(number, Cancellation);
        Assert.Equal(("redriven", "tests"), (redriven.State, redriven.DecidedBy));
        Assert.Equal("waiting", await operations.StateAsync(number));
        Assert.Empty((await operations.Api.ListDeadLettersAsync(cancellationToken: Cancellation)).DeadLetters);

        var again = await operations.SendAsync(HttpMethod.Post, $"/dead-letters/{number}/redrive");
        again.IsProblem(HttpStatusCode.Conflict);
        Assert.StartsWith($"Dead letter {number} was redriven by tests at ", (string)again.Json["detail"]!, StringComparison.Ordinal);
        (await operations.SendAsync(HttpMethod.Post, $"/dead-letters/{number}/discard")).IsProblem(HttpStatusCode.Conflict);
    }

    [Fact]
    public async Task An_entry_that_is_no_event_is_discarded_and_never_redriven()
    {
        await using var operations = await Operations.StartAsync();
        var number = await operations.AddAsync(isEvent: false);

        var redriven = await operations.SendAsync(HttpMethod.Post, $"/dead-letters/{number}/redrive");
        var all = await operations.Api.RedriveManyAsync(new(All: true), Cancellation);
        var shown = await operations.Api.GetDeadLetterAsync(number, Cancellation);
        var discarded = await operations.Api.DiscardAsync(number, Cancellation);

        redriven.IsProblem(HttpStatusCode.Conflict);
        Assert.Equal($"Dead letter {number} is an entry that is no event of the outbox. Discard it.", (string)redriven.Json["detail"]!);
        Assert.Equal((0, 1), (all.Changed, all.Unchanged));
        Assert.Equal((null, "dead"), (shown.Letter.Position, shown.Letter.State));
        Assert.Equal([new("nonsense", "1", null)], shown.Fields);
        Assert.Equal("discarded", discarded.State);
    }

    [Theory]
    [InlineData("{broken")]
    [InlineData("""{"name":"\ud800"}""")]
    [InlineData("""{"\udc00":{"\ud800":1}}""")]
    public async Task Data_that_is_not_JSON_is_shown_in_base64(string data)
    {
        await using var operations = await Operations.StartAsync();
        var number = await operations.AddAsync(data);

        var shown = await operations.Api.GetDeadLetterAsync(number, Cancellation);

        Assert.Null(shown.Data);
        Assert.Equal(data, System.Text.Encoding.UTF8.GetString(Convert.FromBase64String(shown.DataBase64!)));
    }

    [Fact]
    public async Task Pages_keep_the_filter()
    {
        await using var operations = await Operations.StartAsync();
        foreach (var error in new[] { "Time & again", "Other", "Time & again", "Time & again" })
        {
            await operations.AddAsync(error: error);
        }

        var seen = new List<long>();
        var next = "/dead-letters?error=time%20%26&limit=2";
        while (next is not null)
        {
            var page = (await operations.SendAsync(HttpMethod.Get, next)).Json;
            seen.AddRange(page["deadLetters"]!.AsArray().Select(letter => (long)letter!["number"]!));
            next = (string?)page["next"];
        }

        Assert.Equal([4, 3, 1], seen);
    }

    [Fact]
    public async Task Many_dead_letters_are_redriven_or_discarded_at_once()
    {
        await using var operations = await Operations.StartAsync();
        for (var i = 0; i < 5; i++)
        {
            await operations.AddAsync(error: i < 3 ? "Timeout" : "Refused");
        }

        var redriven = await operations.Api.RedriveManyAsync(new(Error: "timeout"), Cancellation);
        var rest = await operations.Api.DiscardManyAsync(new(All: true), Cancellation);

        Assert.Equal((3, 0), (redriven.Changed, redriven.Unchanged));
        Assert.Equal((2, 0), (rest.Changed, rest.Unchanged));
        var change = Guid.NewGuid();
        Assert.Equal(
            new(1, 1, change),
            await operations.Api.DiscardManyAsync(new(Numbers: [1, await operations.AddAsync()], Change: change), Cancellation));
        var discarded = await operations.Api.ListDeadLettersAsync(new(State: "discarded"), Cancellation);
        Assert.Equal([6, 5, 4], discarded.DeadLetters.Select(letter => letter.Number));
    }

    [Fact]
    public async Task Dead_letters_of_a_kind_are_counted_redriven_in_steps_and_restored()
    {
        await using var operations = await Operations.StartAsync();
        for (var i = 0; i < 5; i++)
        {
            await operations.AddAsync(error: i < 3 ? $"No customer 'C{i}'" : "Refused");
        }

        var errors = (await operations.Api.ListDeadLetterErrorsAsync(cancellationToken: Cancellation)).Errors;
        Assert.Equal([("No customer …", 3L), ("Refused", 2L)], errors.Select(error => (error.Kind, error.Count)));
        Assert.Equal(
            [3L, 2, 1],
            (await operations.Api.ListDeadLettersAsync(new(Kind: errors[0].Kind), Cancellation)).DeadLetters.Select(letter => letter.Number));
        var (step, changed) = (new DecideMany(Kind: errors[0].Kind, Limit: 2, Change: Guid.NewGuid()), new List<int>());
        while (changed is [] or [.., > 0])
        {
            changed.Add((await operations.Api.RedriveManyAsync(step, Cancellation)).Changed);
        }

        Assert.Equal([2, 1, 0], changed);
        Assert.Equal(new UndoneChange(3), await operations.Api.UndoAsync(new(step.Change!.Value), Cancellation));
        Assert.Equal(new UndoneChange(0), await operations.Api.UndoAsync(new(step.Change!.Value), Cancellation));

        var one = await operations.Api.DiscardAsync(1, Cancellation);
        Assert.Equal(
            [("No customer …", 1L)],
            (await operations.Api.ListDeadLetterErrorsAsync(Operations.Group, "discarded", Cancellation)).Errors
                .Select(error => (error.Kind, error.Count)));
        Assert.Equal(new UndoneChange(1), await operations.Api.UndoAsync(new(one.Change!.Value), Cancellation));
        var history = (await operations.Api.GetDeadLetterAsync(1, Cancellation)).History!;
        Assert.Equal(["dead", "redriven", "restored", "discarded", "restored"], history.Select(moment => moment.What));
        Assert.Equal([null, "tests", "tests", "tests", "tests"], history.Select(moment => moment.By));
    }

    [Fact]
    public async Task An_undo_that_is_not_possible_says_why()
    {
        await using var operations = await Operations.StartAsync();
        await operations.AddAsync();
        var change = (await operations.Api.DiscardAsync(1, Cancellation)).Change;
        await operations.ExecuteAsync("update bus.retry set changed_at = changed_at - interval '2 minutes'");

        var late = await operations.SendAsync(HttpMethod.Post, "/dead-letters/undo", $$"""{"change":"{{change}}"}""");
        late.IsProblem(HttpStatusCode.Conflict);
        Assert.StartsWith($"Change '{change}' was made more than a minute ago.", (string)late.Json["detail"]!, StringComparison.Ordinal);
        var unknown = await operations.SendAsync(HttpMethod.Post, "/dead-letters/undo", $$"""{"change":"{{Guid.NewGuid()}}"}""");
        unknown.IsProblem(HttpStatusCode.NotFound);
        foreach (var json in new[] { "{}", """{"change":null}""", """{"change":"last"}""" })
        {
            (await operations.SendAsync(HttpMethod.Post, "/dead-letters/undo", json)).IsProblemOf(HttpStatusCode.BadRequest, "change");
        }

        (await operations.SendAsync(HttpMethod.Get, "/dead-letters/errors?group=NO&state=gone"))
            .IsProblemOf(HttpStatusCode.BadRequest, "group", "state");
        Assert.Equal("discarded", await operations.StateAsync(1));
    }

    [Theory]
    [InlineData("""{"all":true,"limit":0}""", "limit")]
    [InlineData("""{"all":true,"limit":100001}""", "limit")]
    [InlineData("""{"all":true,"kind":"x"}""", "all")]
    [InlineData("""{"all":true,"change":"last"}""", "change")]
    [InlineData("{}", "all")]
    [InlineData("""{"all":false}""", "all")]
    [InlineData("""{"all":true,"group":"billing"}""", "all")]
    [InlineData("""{"by":"ada","all":true}""", "by")]
    [InlineData("""{"group":"No Group","type":"","error":"","numbers":[]}""", "group", "type", "error", "numbers")]
    [InlineData("""{"all":"yes"}""", "all")]
    [InlineData("""{"type":5}""", "type")]
    [InlineData("""{"from":"soon"}""", "from")]
    [InlineData("""{"until":"2026-13-01T00:00:00Z"}""", "until")]
    [InlineData("""{"all":true,"colour":"red"}""", "colour")]
    [InlineData("""{"numbers":[1,"2"]}""", "numbers[1]")]
    [InlineData("""{"type":"a","type":"b"}""", "type")]
    [InlineData("""{"type":"\ud800"}""", "type")]
    [InlineData("""[]""", "$")]
    [InlineData("""{""", "$")]
    public async Task Every_invalid_field_of_a_bulk_decision_is_named(string json, params string[] fields)
    {
        await using var operations = await Operations.StartAsync();
        await operations.AddAsync();

        foreach (var verb in new[] { "redrive", "discard" })
        {
            (await operations.SendAsync(HttpMethod.Post, $"/dead-letters/{verb}", json)).IsProblemOf(HttpStatusCode.BadRequest, fields);
        }

        Assert.Equal("dead", (await operations.Api.GetDeadLetterAsync(1, Cancellation)).Letter.State);
    }

    [Fact]
    public async Task Invalid_parameters_are_named()
    {
        await using var operations = await Operations.StartAsync();
        (await operations.SendAsync(HttpMethod.Get, "/dead-letters?page=2&error=a&error=b")).IsProblemOf(HttpStatusCode.BadRequest, "page", "error");
        (await operations.SendAsync(HttpMethod.Get, "/dead-letters?group=NO&state=gone&limit=201&from=x&after=-1"))
            .IsProblemOf(HttpStatusCode.BadRequest, "group", "state", "limit", "from", "after");
        (await operations.SendAsync(HttpMethod.Get, "/groups?state=dead")).IsProblemOf(HttpStatusCode.BadRequest, "state");
        (await operations.SendAsync(HttpMethod.Get, "/dead-letters/one")).IsProblemOf(HttpStatusCode.BadRequest, "number");
        (await operations.SendAsync(HttpMethod.Post, "/dead-letters/one/redrive")).IsProblemOf(HttpStatusCode.BadRequest, "number");
        (await operations.SendAsync(HttpMethod.Get, "/dead-letters/99")).IsProblem(HttpStatusCode.NotFound);
        (await operations.SendAsync(HttpMethod.Post, "/dead-letters/99/discard")).IsProblem(HttpStatusCode.NotFound);
        (await operations.SendAsync(HttpMethod.Post, "/dead-letters/redrive")).IsProblemOf(HttpStatusCode.BadRequest, "$");
    }

    [Fact]
    public async Task The_stream_and_its_groups_are_shown()
    {
        await using var operations = await Operations.StartAsync();
        await operations.AddAsync();
        await Eventually.BecomesTrueAsync(
            async () => (await operations.Api.ListGroupsAsync(Cancellation)).Groups is [{ Exists: true, DeadLetters: 1 }]);

        var group = await operations.Api.GetGroupAsync(Operations.Group, Cancellation);
        var stream = Assert.Single((await operations.Api.ListStreamsAsync(Cancellation)).Streams);

        Assert.Equal((Operations.Group, EventStreams.Orders, 0, 0), (group.Name, group.Stream, group.Lag, group.DoneThrough));
        Assert.Equal((EventStreams.Orders, 1, 1), (stream.Name, stream.Groups, stream.DeadLetters));
        (await operations.SendAsync(HttpMethod.Get, "/groups/none")).IsProblem(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task The_Kafka_trigger_shows_the_margin_left()
    {
        await using var operations = await Operations.StartAsync();
        await Eventually.BecomesTrueAsync(
            async () => (await operations.SendAsync(HttpMethod.Get, "/kafka-trigger")).Status == HttpStatusCode.OK);

        var trigger = await operations.Api.GetKafkaTriggerAsync(Cancellation);

        Assert.False(trigger.IsDue);
        Assert.Equal(
            [("rate", 80_000d), ("retention", 48d), ("groups", 20d)], trigger.Criteria.Select(criterion => (criterion.Name, criterion.Limit)));
        Assert.InRange(trigger.Criteria[2].Margin!.Value, 19, 20);
        Assert.Null(trigger.Criteria[0].Value);
        Assert.Equal("Nothing to do.", trigger.Criteria[2].Advice);
        Assert.Empty(trigger.Criteria[2].Days!);
        Assert.Equal((null, null), (trigger.Redis!.DeliveriesPerSecond, trigger.Redis.MaxDeliveriesPerSecond));
        await Eventually.BecomesTrueAsync(
            async () => (await operations.Api.GetKafkaTriggerAsync(Cancellation)).Redis is { Busy: >= 0 and <= 1 });
    }

    [Fact]
    public async Task The_root_redirects_to_the_API_reference()
    {
        await using var operations = await Operations.StartAsync();

        using var answer = await operations.Host.Http.GetAsync("/", Cancellation);

        Assert.Equal("text/html", answer.Content.Headers.ContentType?.MediaType);
        Assert.StartsWith("/scalar", answer.RequestMessage!.RequestUri!.AbsolutePath, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_OpenAPI_document_names_every_operation_and_parameter()
    {
        await using var operations = await Operations.StartAsync();

        var document = (await operations.SendAsync(HttpMethod.Get, "/openapi/v1.json")).Json;

        var paths = document["paths"]!.AsObject().Select(path => path.Key).ToHashSet();
        Assert.Superset(
            new HashSet<string>
            {
                "/streams", "/groups", "/groups/{name}", "/groups/{name}/workers", "/groups/{name}/pause", "/groups/{name}/resume", "/history",
                "/dead-letters", "/dead-letters/{number}", "/dead-letters/{number}/redrive", "/dead-letters/redrive",
                "/dead-letters/{number}/discard", "/dead-letters/discard", "/dead-letters/errors", "/dead-letters/undo", "/kafka-trigger",
            },
            paths);
        var parameters = document["paths"]!["/dead-letters"]!["get"]!["parameters"]!.AsArray();
        Assert.Equal(
            ["after", "error", "from", "group", "kind", "limit", "state", "subject", "type", "until"],
            parameters.Select(parameter => (string)parameter!["name"]!).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Dead_letters_are_redriven_while_Redis_is_away()
    {
        await using var redis = await RedisServer.StartAsync(new() { AppendOnly = true }, Cancellation);
        await using var operations = await Operations.StartAsync(redis);
        var number = await operations.AddAsync();
        await redis.KillAsync();

        var redriven = await operations.Api.RedriveAsync(number, Cancellation);

        Assert.Equal("redriven", redriven.State);
    }
}
