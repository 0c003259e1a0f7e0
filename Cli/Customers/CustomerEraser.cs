using System.Globalization;
using System.Reflection;
using FanOut.Contracts;
using FanOut.EventBus;
using Npgsql;
using NpgsqlTypes;
using StackExchange.Redis;

namespace FanOut.Cli.Customers;

/// <summary>
/// Replaces a customer in everything that is kept about its orders. Amounts stay. The orders come last: by them a run that broke off is begun again.
/// </summary>
internal sealed class CustomerEraser(IConnectionMultiplexer redis, NpgsqlDataSource postgres, string? mailFolder)
{
    private static readonly StreamName Stream = new(EventStreams.Orders);
    private readonly EventErasure _events = new(redis, postgres);

    /// <summary>The ids of the customer's orders that are not erased yet.</summary>
    public async Task<Guid[]> FindOrdersAsync(string? id, string? email, CancellationToken cancellationToken)
    {
        await using var command = Command("find_orders.sql");
        command.Parameters.Add(new() { Value = id ?? (object)DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text });
        command.Parameters.Add(new() { Value = email is null ? [] : Spellings(email).ToArray() });
        command.Parameters.AddWithValue(ErasedCustomer.Value.Id);
        command.Parameters.AddWithValue(ErasedCustomer.Value.Name);
        command.Parameters.AddWithValue(ErasedCustomer.Value.Email);
        return [.. await ReadAsync<Guid>(command, cancellationToken)];
    }

    public async Task<CustomerErasure> EraseAsync(Guid[] orders, CancellationToken cancellationToken)
    {
        var subjects = Array.ConvertAll(orders, order => order.ToString());
        var open = await FindOpenAsync(subjects, cancellationToken);
        string[] ready = [.. subjects.Except(open)];
        var (webhookEvents, deliveries) = await EraseWebhooksAsync(ready, cancellationToken);
        await using var find = Command("find_mails.sql", (object)ready);
        var files = DeleteMails(await ReadAsync<Guid>(find, cancellationToken));
        await using var erase = Command("erase_emails.sql", ready, ErasedCustomer.Json);
        var mails = await erase.ExecuteNonQueryAsync(cancellationToken);
        var events = await _events.EraseAsync(Stream, ready, ErasedCustomer.Replace, cancellationToken);

        // What was redriven or sent again meanwhile is met by the next run.
        open.UnionWith(await FindOpenAsync(ready, cancellationToken));
        Guid[] done = [.. subjects.Except(open).Select(Guid.Parse)];
        await using var last = Command("erase_orders.sql", done, ErasedCustomer.Value.Id, ErasedCustomer.Value.Name, ErasedCustomer.Value.Email);
        await last.ExecuteNonQueryAsync(cancellationToken);
        return new CustomerErasure(
            done.Length, open.Count, events.Events, events.Entries, events.DeadLetters, events.Copies, mails, files, webhookEvents, deliveries);
    }

    private async Task<HashSet<string>> FindOpenAsync(string[] subjects, CancellationToken cancellationToken)
    {
        await using var command = Command("find_unsent.sql", (object)subjects);
        return [.. await _events.FindOpenAsync(Stream, subjects, cancellationToken), .. await ReadAsync<string>(command, cancellationToken)];
    }

    private async Task<(long Events, long Deliveries)> EraseWebhooksAsync(string[] subjects, CancellationToken cancellationToken)
    {
        await using var command = Command("erase_webhooks.sql", subjects, ErasedCustomer.Json);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return (reader.GetInt64(reader.GetOrdinal("events")), reader.GetInt64(reader.GetOrdinal("deliveries")));
    }

    private int DeleteMails(List<Guid> events)
    {
        var files = mailFolder is null ? [] : events.Select(id => Path.Combine(mailFolder, $"{id}.eml")).Where(File.Exists).ToList();
        files.ForEach(File.Delete);
        return files.Count;
    }

    /// <summary>The address as it may have been given: capitals do not matter, and its domain is in Unicode or in ASCII.</summary>
    private static IEnumerable<string> Spellings(string email)
    {
        yield return Lower(email);
        if (EmailAddress.TryParse(email, out var address))
        {
            var at = address.LastIndexOf('@');
            yield return Lower(address);
            yield return Lower($"{address[..at]}@{new IdnMapping().GetUnicode(address[(at + 1)..])}");
        }
    }

    private static string Lower(string text) => text.Trim().ToLowerInvariant();

    private NpgsqlCommand Command(string file, params object[] values)
    {
        using var text = new StreamReader(Assembly.GetExecutingAssembly().GetManifestResourceStream($"FanOut.Cli.Customers.{file}")!);
        var command = postgres.CreateCommand(text.ReadToEnd());
        command.CommandTimeout = 0;
        foreach (var value in values)
        {
            command.Parameters.AddWithValue(value);
        }

        return command;
    }

    private static async Task<List<T>> ReadAsync<T>(NpgsqlCommand command, CancellationToken cancellationToken)
    {
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var rows = new List<T>();
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add(await reader.GetFieldValueAsync<T>(0, cancellationToken));
        }

        return rows;
    }
}
