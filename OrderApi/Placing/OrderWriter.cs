using FanOut.Contracts;
using FanOut.EventBus.Publishing;
using FanOut.OrderApi.Reading;
using FanOut.OrderApi.Validation;
using Npgsql;
using NpgsqlTypes;

namespace FanOut.OrderApi.Placing;

/// <summary>
/// Writes orders, their events and the idempotency key in one transaction. Keys are always locked before numbers and numbers in ascending order, so writers never wait in a circle.
/// </summary>
internal sealed class OrderWriter(NpgsqlDataSource dataSource, Outbox outbox)
{
    private const string NumberIsUnique = "orders_number_is_unique";
    private const string KeyIsUnique = "idempotency_keys_are_unique";

    private static readonly string InsertOrder = EmbeddedSql.Read("Placing.insert_order.sql");
    private static readonly string InsertNewOrders = EmbeddedSql.Read("Placing.insert_new_orders.sql");
    private static readonly string InsertKey = EmbeddedSql.Read("Placing.insert_key.sql");
    private static readonly string ClaimKey = EmbeddedSql.Read("Placing.claim_key.sql");
    private static readonly string CompleteKey = EmbeddedSql.Read("Placing.complete_key.sql");
    private static readonly string FindKey = EmbeddedSql.Read("Placing.find_key.sql");
    private static readonly string FindOrdersByNumber = EmbeddedSql.Read("Placing.find_orders_by_number.sql");

    /// <summary>One round trip for an order that is new, which is nearly every order; the careful way only once a rival or an earlier request is known to exist.</summary>
    public async Task<Placement> PlaceAsync(Draft draft, string? idempotencyKey, CancellationToken cancellationToken)
    {
        try
        {
            await InsertAsync(draft, idempotencyKey, cancellationToken);
        }
        catch (PostgresException e) when (e is { SqlState: PostgresErrorCodes.UniqueViolation, ConstraintName: NumberIsUnique or KeyIsUnique })
        {
            return await PlaceAsync([draft], draft.RequestHash, idempotencyKey, _ => "number", cancellationToken);
        }

        outbox.NotifyCommitted();
        return new Placement([draft.Order], 1, null);
    }

    public Task<Placement> PlaceBatchAsync(IReadOnlyList<Draft> drafts, byte[] requestHash, string? idempotencyKey, CancellationToken cancellationToken) =>
        PlaceAsync(drafts, requestHash, idempotencyKey, index => $"orders[{index}].number", cancellationToken);

    private async Task InsertAsync(Draft draft, string? idempotencyKey, CancellationToken cancellationToken)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);

        // Without a transaction of its own a batch is one implicit transaction: begin and commit cost no round trips.
        await using var batch = new NpgsqlBatch(connection);
        if (idempotencyKey is not null)
        {
            batch.BatchCommands.Add(new NpgsqlBatchCommand(InsertKey)
            {
                Parameters = { Of(idempotencyKey), Of(draft.RequestHash), Of<Guid[]>([draft.Order.Id]) },
            });
        }

        var order = draft.Order;
        batch.BatchCommands.Add(new NpgsqlBatchCommand(InsertOrder)
        {
            Parameters =
            {
                Of(order.Id),
                Of(order.Number),
                Of(draft.RequestHash),
                Of(order.Customer.Id),
                Of(order.Customer.Name),
                Of(order.Customer.Email),
                Of(order.Currency),
                Of(order.Total),
                Of(order.PlacedAt),
                new NpgsqlParameter<byte[]> { TypedValue = draft.LinesAsJson(), NpgsqlDbType = NpgsqlDbType.Jsonb },
            },
        });
        batch.BatchCommands.Add(outbox.CreateCommand([draft.ToEvent()]));
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }

    private async Task<Placement> PlaceAsync(
        IReadOnlyList<Draft> drafts, byte[] requestHash, string? idempotencyKey, Func<int, string> pathOfNumber, CancellationToken cancellationToken)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        if (idempotencyKey is not null && await ExecuteAsync(connection, ClaimKey, cancellationToken, Of(idempotencyKey), Of(requestHash)) == 0)
        {
            return await AnswerAgainAsync(connection, requestHash, idempotencyKey, cancellationToken);
        }

        var added = await InsertNewAsync(connection, drafts, cancellationToken);
        var orders = drafts.Select(draft => draft.Order).ToArray();
        if (added.Count < drafts.Count && await TakeEarlierAsync(connection, drafts, added, orders, pathOfNumber, cancellationToken) is { } conflict)
        {
            return Placement.Conflicting(conflict);
        }

        if (added.Count > 0)
        {
            await outbox.AddAsync(connection, [.. drafts.Where(draft => added.Contains(draft.Order.Id)).Select(draft => draft.ToEvent())], cancellationToken);
        }

        if (idempotencyKey is not null)
        {
            await ExecuteAsync(connection, CompleteKey, cancellationToken, Of(idempotencyKey), Of(Array.ConvertAll(orders, order => order.Id)));
        }

        await transaction.CommitAsync(cancellationToken);
        if (added.Count > 0)
        {
            outbox.NotifyCommitted();
        }

        return new Placement(orders, added.Count, null);
    }

    private static async Task<Placement> AnswerAgainAsync(
        NpgsqlConnection connection, byte[] requestHash, string idempotencyKey, CancellationToken cancellationToken)
    {
        Guid[] ids;
        await using (var command = new NpgsqlCommand(FindKey, connection) { Parameters = { Of(idempotencyKey) } })
        await using (var rows = await command.ExecuteReaderAsync(cancellationToken))
        {
            await rows.ReadAsync(cancellationToken);
            if (!rows.GetFieldValue<byte[]>(0).AsSpan().SequenceEqual(requestHash))
            {
                var conflict = new FieldErrors();
                conflict.Add(IdempotencyKey.Header, "was used before with another body");
                return Placement.Conflicting(conflict);
            }

            ids = rows.GetFieldValue<Guid[]>(1);
        }

        return new Placement(await OrderFinder.FindAsync(connection, ids, cancellationToken), 0, null);
    }

    private static async Task<HashSet<Guid>> InsertNewAsync(NpgsqlConnection connection, IReadOnlyList<Draft> drafts, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(InsertNewOrders, connection)
        {
            Parameters =
            {
                Column(drafts, draft => draft.Order.Id),
                Column(drafts, draft => draft.Order.Number),
                Column(drafts, draft => draft.RequestHash),
                Column(drafts, draft => draft.Order.Customer.Id),
                Column(drafts, draft => draft.Order.Customer.Name),
                Column(drafts, draft => draft.Order.Customer.Email),
                Column(drafts, draft => draft.Order.Currency),
                Column(drafts, draft => draft.Order.Total),
                Column(drafts, draft => draft.Order.PlacedAt),
                Column(drafts, draft => System.Text.Encoding.UTF8.GetString(draft.LinesAsJson())),
            },
        };
        await using var rows = await command.ExecuteReaderAsync(cancellationToken);
        var added = new HashSet<Guid>(drafts.Count);
        while (await rows.ReadAsync(cancellationToken))
        {
            added.Add(rows.GetGuid(0));
        }

        return added;
    }

    /// <summary>Puts the earlier order in the place of each whose number was taken; says which of them were placed by another request.</summary>
    private static async Task<FieldErrors?> TakeEarlierAsync(
        NpgsqlConnection connection, IReadOnlyList<Draft> drafts, HashSet<Guid> added, Order[] orders, Func<int, string> pathOfNumber, CancellationToken cancellationToken)
    {
        var earlier = new Dictionary<string, (Order Order, byte[] RequestHash)>(StringComparer.Ordinal);
        var numbers = drafts.Where(draft => !added.Contains(draft.Order.Id)).Select(draft => draft.Order.Number).ToArray();
        await using (var command = new NpgsqlCommand(FindOrdersByNumber, connection) { Parameters = { Of(numbers) } })
        await using (var rows = await command.ExecuteReaderAsync(cancellationToken))
        {
            while (await rows.ReadAsync(cancellationToken))
            {
                var order = OrderRow.Read(rows);
                earlier.Add(order.Number, (order, rows.GetFieldValue<byte[]>(9)));
            }
        }

        var conflict = new FieldErrors();
        for (var index = 0; index < drafts.Count; index++)
        {
            if (!earlier.TryGetValue(drafts[index].Order.Number, out var first))
            {
                continue;
            }

            orders[index] = first.Order;
            if (!first.RequestHash.AsSpan().SequenceEqual(drafts[index].RequestHash))
            {
                conflict.Add(pathOfNumber(index), $"is the number of order {first.Order.Id}, which was placed with another body");
            }
        }

        return conflict.Any ? conflict : null;
    }

    private static async Task<int> ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken, params NpgsqlParameter[] parameters)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        command.Parameters.AddRange(parameters);
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static NpgsqlParameter<T> Of<T>(T value) => new() { TypedValue = value };

    private static NpgsqlParameter<T[]> Column<T>(IReadOnlyList<Draft> drafts, Func<Draft, T> value) => Of(drafts.Select(value).ToArray());
}
