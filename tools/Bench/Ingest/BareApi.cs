using System.CommandLine;
using FanOut.Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using NpgsqlTypes;

namespace FanOut.Bench.Ingest;

/// <summary>The limit of ingest: deserialises an order, inserts its row, answers 201. Kestrel, JSON and Npgsql are set as in the order API.</summary>
internal static class BareApi
{
    public const string CommandName = "serve-bare-api";

    private static readonly string CreateTable = EmbeddedSql.Read("Ingest.create_table.sql");
    private static readonly string InsertOrder = EmbeddedSql.Read("Ingest.insert_order.sql");
    private static readonly string InsertOrders = EmbeddedSql.Read("Ingest.insert_orders.sql");

    public static Command CreateCommand()
    {
        var command = new Command(CommandName, "Runs the API that ingest is compared with.") { Hidden = true };
        command.SetAction((_, cancellationToken) => RunAsync(cancellationToken));
        return command;
    }

    private static async Task RunAsync(CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateBuilder();
        builder.Services.Configure<KestrelServerOptions>(options => options.AddServerHeader = false);
        builder.Services.ConfigureHttpJsonOptions(options => options.SerializerOptions.TypeInfoResolverChain.Insert(0, ContractsJson.Default));
        var settings = new NpgsqlConnectionStringBuilder(builder.Configuration.GetConnectionString("fanout"))
        {
            MaxAutoPrepare = 32,
            AutoPrepareMinUsages = 2,
            MaxPoolSize = 32,
            WriteBufferSize = 64 << 10,
            NoResetOnClose = true,
            KeepAlive = 15,
        };
        await using var database = NpgsqlDataSource.Create(settings);
        await BenchServers.ExecuteAsync(database, CreateTable, cancellationToken);
        await using var app = builder.Build();
        app.MapGet("/health", () => Results.Ok());
        app.MapPost("/orders", async (PlaceOrder order, HttpContext http) => await PlaceAsync(database, order, http.RequestAborted));
        app.MapPost("/orders/batch", async (PlaceOrders orders, HttpContext http) => await PlaceAsync(database, orders, http.RequestAborted));
        await app.StartAsync(cancellationToken);
        await app.WaitForShutdownAsync(cancellationToken);
    }

    private static async Task<Created<OrderReceipt>> PlaceAsync(NpgsqlDataSource database, PlaceOrder order, CancellationToken cancellationToken)
    {
        var id = Guid.CreateVersion7();
        var number = order.Number ?? id.ToString();
        await using var command = database.CreateCommand(InsertOrder);
        command.Parameters.Add(Of(id));
        command.Parameters.Add(Of(number));
        command.Parameters.Add(Of(order.Customer.Id));
        command.Parameters.Add(Of(order.Customer.Name));
        command.Parameters.Add(Of(order.Customer.Email));
        command.Parameters.Add(Of(order.Currency));
        command.Parameters.Add(Of(PlacedAt(order)));
        command.Parameters.Add(new NpgsqlParameter<byte[]> { TypedValue = Lines(order), NpgsqlDbType = NpgsqlDbType.Jsonb });
        await command.ExecuteNonQueryAsync(cancellationToken);
        return TypedResults.Created($"/orders/{id}", new OrderReceipt(id, number, order.Currency, 0));
    }

    private static async Task<Created<OrderReceipts>> PlaceAsync(NpgsqlDataSource database, PlaceOrders request, CancellationToken cancellationToken)
    {
        var orders = request.Orders.ToArray();
        var ids = Array.ConvertAll(orders, _ => Guid.CreateVersion7());
        await using var command = database.CreateCommand(InsertOrders);
        command.Parameters.Add(Of(ids));
        command.Parameters.Add(Of(orders.Zip(ids, (order, id) => order.Number ?? id.ToString()).ToArray()));
        command.Parameters.Add(Of(Array.ConvertAll(orders, order => order.Customer.Id)));
        command.Parameters.Add(Of(Array.ConvertAll(orders, order => order.Customer.Name)));
        command.Parameters.Add(Of(Array.ConvertAll(orders, order => order.Customer.Email)));
        command.Parameters.Add(Of(Array.ConvertAll(orders, order => order.Currency)));
        command.Parameters.Add(Of(Array.ConvertAll(orders, PlacedAt)));
        command.Parameters.Add(Of(Array.ConvertAll(orders, order => System.Text.Encoding.UTF8.GetString(Lines(order)))));
        await command.ExecuteNonQueryAsync(cancellationToken);
        var receipts = orders.Zip(ids, (order, id) => new OrderReceipt(id, order.Number ?? id.ToString(), order.Currency, 0));
        return TypedResults.Created((string?)null, new OrderReceipts([.. receipts]));
    }

    private static DateTimeOffset PlacedAt(PlaceOrder order) => order.PlacedAt?.ToUniversalTime() ?? TimeProvider.System.GetUtcNow();

    private static byte[] Lines(PlaceOrder order) =>
        JsonSerializer.SerializeToUtf8Bytes(order.Lines, ContractsJson.Default.IReadOnlyListPlaceOrderLine);

    private static NpgsqlParameter<T> Of<T>(T value) => new() { TypedValue = value };
}
