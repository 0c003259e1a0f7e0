using FanOut.Contracts;
using FanOut.EventBus;
using FanOut.OrderApi.Reading;
using FanOut.ServiceDefaults;
using Npgsql;

namespace FanOut.OrderApi.Placing;

/// <summary>
/// Writes orders, their events and the idempotency key in one transaction. Keys are locked before numbers, and numbers in
/// ascending order, so writers do not deadlock.
/// </summary>
internal sealed class OrderWriter(NpgsqlDataSource dataSource, Outbox outbox)
{
    private static readonly string InsertOrder = EmbeddedSql.Read(typeof(OrderWriter), "insert_order.sql");
    private static readonly string InsertOrders = EmbeddedSql.Read(typeof(OrderWriter), "insert_orders.sql");
    private static readonly string InsertNewOrders = EmbeddedSql.Read(typeof(OrderWriter), "insert_new_orders.sql");
    private static readonly string ClaimKey = EmbeddedSql.Read(typeof(OrderWriter), "claim_key.sql");
    private static readonly string CompleteKey = EmbeddedSql.Read(typeof(OrderWriter), "complete_key.sql");
    private static readonly string FindKey = EmbeddedSql.Read(typeof(OrderWriter), "find_key.sql");
    private static readonly string FindOrdersByNumber = EmbeddedSql.Read(typeof(OrderWriter), "find_orders_by_number.sql");

    public Task<Placement> PlaceAsync(Draft draft, BoundKey? key, CancellationToken cancellationToken) =>
        PlaceAsync([draft], key, _ => "number", cancellationToken);

    public Task<Placement> PlaceBatchAsync(IReadOnlyList<Draft> drafts, BoundKey? key, CancellationToken cancellationToken) =>
        PlaceAsync(drafts, key, index => $"orders[{index}].number", cancellationToken);

    /// <summary>Nearly every request is new, so that is tried first. The careful way is for a repeated or a concurrent one.</summary>
    private async Task<Placement> PlaceAsync(
        IReadOnlyList<Draft> drafts, BoundKey? key, Func<int, string> pathOfNumber, CancellationToken cancellationToken)
    {
        if (!await TryPlaceNewAsync(drafts, key, cancellationToken))
        {
            return await PlaceCarefullyAsync(drafts, key, pathOfNumber, cancellationToken);
        }

        outbox.NotifyCommitted();
        return new Placement([.. drafts.Select(draft => draft.Order)], drafts.Count, null);
    }

    /// <summary>
    /// Writes everything in one round trip. With a key or a number it takes two: the first claims them; if all were free, the second
    /// writes the rest and commits. A repeated request costs an index lookup, and no error in the server's log.
    /// </summary>
    /// <returns>Whether everything is committed; otherwise nothing is.</returns>
    private async Task<bool> TryPlaceNewAsync(IReadOnlyList<Draft> drafts, BoundKey? key, CancellationToken cancellationToken)
    {
        var numbered = drafts.Any(draft => draft.Number is not null);
        if (numbered && drafts.Any(draft => draft.NumberAsId is not null))
        {
            return false;
        }

        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        await using var claims = new NpgsqlBatch(connection);
        await using var rest = new NpgsqlBatch(connection);
        if (key is not null)
        {
            claims.BatchCommands.Add(Claim(key, drafts));
        }

        var orders = numbered ? NewOrders(drafts) : drafts.Count == 1 ? SingleOrder(drafts[0]) : Command(InsertOrders, Columns(drafts));
        (numbered ? claims : rest).BatchCommands.Add(orders);
        if (claims.BatchCommands.Count == 0)
        {
            // Without a transaction of its own a batch is one implicit transaction: begin and commit cost no round trips.
            rest.BatchCommands.Add(outbox.CreateCommand(Events(drafts)));
            await rest.ExecuteNonQueryAsync(cancellationToken);
            return true;
        }

        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        if (await claims.ExecuteNonQueryAsync(cancellationToken) < (key is null ? 0 : 1) + (numbered ? drafts.Count : 0))
        {
            return false;
        }

        rest.BatchCommands.Add(outbox.CreateCommand(Events(drafts)));
        rest.BatchCommands.Add(new NpgsqlBatchCommand("commit"));
        await rest.ExecuteNonQueryAsync(cancellationToken);
        return true;
    }

    private async Task<Placement> PlaceCarefullyAsync(
        IReadOnlyList<Draft> drafts, BoundKey? key, Func<int, string> pathOfNumber, CancellationToken cancellationToken)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        if (key is not null && await ExecuteAsync(connection, Claim(key, drafts), cancellationToken) == 0)
        {
            return await AnswerAgainAsync(connection, key, cancellationToken);
        }

        var added = await InsertNewAsync(connection, drafts, cancellationToken);
        var orders = drafts.Select(draft => draft.Order).ToArray();
        if (added.Count < drafts.Count)
        {
            if (await TakeEarlierAsync(connection, drafts, added, orders, pathOfNumber, cancellationToken) is { } conflict)
            {
                return Placement.Conflicting(conflict);
            }

            if (key is not null)
            {
                await ExecuteAsync(connection, Command(CompleteKey, Of(key.Key), Of(Array.ConvertAll(orders, order => order.Id))), cancellationToken);
            }
        }

        if (added.Count > 0)
        {
            await outbox.AddAsync(connection, Events([.. drafts.Where(draft => added.Contains(draft.Order.Id))]), cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
        if (added.Count > 0)
        {
            outbox.NotifyCommitted();
        }

        return new Placement(orders, added.Count, null);
    }

    private static async Task<Placement> AnswerAgainAsync(NpgsqlConnection connection, BoundKey key, CancellationToken cancellationToken)
    {
        Guid[] ids;
        await using (var command = new NpgsqlCommand(FindKey, connection) { Parameters = { Of(key.Key) } })
        await using (var rows = await command.ExecuteReaderAsync(cancellationToken))
        {
            await rows.ReadAsync(cancellationToken);
            if (!rows.GetFieldValue<byte[]>(0).AsSpan().SequenceEqual(key.RequestHash))
            {
                return Placement.Conflicting(new() { [PlaceOrderEndpoints.IdempotencyKey] = ["was used before with another body"] });
            }

            ids = rows.GetFieldValue<Guid[]>(1);
        }

        return new Placement(await OrderFinder.FindAsync(connection, ids, cancellationToken), 0, null);
    }

    private static async Task<HashSet<Guid>> InsertNewAsync(
        NpgsqlConnection connection, IReadOnlyList<Draft> drafts, CancellationToken cancellationToken)
    {
        // The index of numbers does not have ids that serve as numbers. Looking before writing is enough: an id is unknown before its commit.
        var asIds = drafts.Select(draft => draft.NumberAsId).OfType<Guid>().ToArray();
        if (asIds.Length > 0)
        {
            var found = await OrderFinder.FindAsync(connection, asIds, cancellationToken);
            var taken = found.Where(order => order.Number == order.Id.ToString()).Select(order => order.Number).ToHashSet();
            drafts = [.. drafts.Where(draft => !taken.Contains(draft.Order.Number))];
        }

        await using var batch = new NpgsqlBatch(connection) { BatchCommands = { NewOrders(drafts) } };
        await using var rows = await batch.ExecuteReaderAsync(cancellationToken);
        var added = new HashSet<Guid>(drafts.Count);
        while (await rows.ReadAsync(cancellationToken))
        {
            added.Add(rows.GetGuid(0));
        }

        return added;
    }

    /// <summary>Replaces each order whose number was taken by the earlier one; returns those whose content differs.</summary>
    private static async Task<Dictionary<string, string[]>?> TakeEarlierAsync(
        NpgsqlConnection connection,
        IReadOnlyList<Draft> drafts,
        HashSet<Guid> added,
        Order[] orders,
        Func<int, string> pathOfNumber,
        CancellationToken cancellationToken)
    {
        var earlier = new Dictionary<string, (Order Order, byte[]? RequestHash)>(StringComparer.Ordinal);
        var met = drafts.Where(draft => !added.Contains(draft.Order.Id)).ToArray();
        await using (var command = new NpgsqlCommand(FindOrdersByNumber, connection)
        {
            Parameters = { Column(met, draft => draft.Order.Number), Of(met.Select(draft => draft.NumberAsId).OfType<Guid>().ToArray()) },
        })
        await using (var rows = await command.ExecuteReaderAsync(cancellationToken))
        {
            while (await rows.ReadAsync(cancellationToken))
            {
                var order = OrderFinder.Read(rows);
                earlier.Add(order.Number, (order, await rows.IsDBNullAsync(9, cancellationToken) ? null : rows.GetFieldValue<byte[]>(9)));
            }
        }

        var conflict = new Dictionary<string, string[]>();
        for (var index = 0; index < drafts.Count; index++)
        {
            if (earlier.TryGetValue(drafts[index].Order.Number, out var first))
            {
                orders[index] = first.Order;
                if (first.RequestHash is null || !first.RequestHash.AsSpan().SequenceEqual(drafts[index].RequestHash))
                {
                    conflict[pathOfNumber(index)] = [$"belongs to order {first.Order.Id}, which has other content"];
                }
            }
        }

        return conflict.Count > 0 ? conflict : null;
    }

    private static async Task<int> ExecuteAsync(NpgsqlConnection connection, NpgsqlBatchCommand command, CancellationToken cancellationToken)
    {
        await using var batch = new NpgsqlBatch(connection) { BatchCommands = { command } };
        return await batch.ExecuteNonQueryAsync(cancellationToken);
    }

    private static NpgsqlBatchCommand Claim(BoundKey key, IReadOnlyList<Draft> drafts) =>
        Command(ClaimKey, Of(key.Key), Of(key.RequestHash), Column(drafts, draft => draft.Order.Id));

    private static NpgsqlBatchCommand SingleOrder(Draft draft)
    {
        var order = draft.Order;
        return Command(
            InsertOrder,
            Of(order.Id),
            Of(order.Customer.Id),
            Of(order.Customer.Name),
            Of(order.Customer.Email),
            Of(order.Currency),
            Of(order.Total),
            Of(order.PlacedAt),
            Of(draft.LinesAsJson()));
    }

    private static NpgsqlBatchCommand NewOrders(IReadOnlyList<Draft> drafts) =>
        Command(InsertNewOrders, [.. Columns(drafts), Column(drafts, draft => draft.Number), Column(drafts, draft => draft.RequestHash)]);

    private static NpgsqlParameter[] Columns(IReadOnlyList<Draft> drafts) =>
    [
        Column(drafts, draft => draft.Order.Id),
        Column(drafts, draft => draft.Order.Customer.Id),
        Column(drafts, draft => draft.Order.Customer.Name),
        Column(drafts, draft => draft.Order.Customer.Email),
        Column(drafts, draft => draft.Order.Currency),
        Column(drafts, draft => draft.Order.Total),
        Column(drafts, draft => draft.Order.PlacedAt),
        Column(drafts, draft => draft.LinesAsJson()),
    ];

    private static NewEvent<OrderPlaced>[] Events(IReadOnlyList<Draft> drafts) => [.. drafts.Select(draft => draft.ToEvent())];

    private static NpgsqlBatchCommand Command(string sql, params NpgsqlParameter[] parameters)
    {
        var command = new NpgsqlBatchCommand(sql);
        command.Parameters.AddRange(parameters);
        return command;
    }

    private static NpgsqlParameter<T> Of<T>(T value) => new() { TypedValue = value };

    private static NpgsqlParameter<T[]> Column<T>(IReadOnlyList<Draft> drafts, Func<Draft, T> value) => Of(drafts.Select(value).ToArray());
}
