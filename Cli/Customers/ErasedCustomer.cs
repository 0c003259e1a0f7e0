using System.Text.Json;
using System.Text.Json.Nodes;
using FanOut.Contracts;

namespace FanOut.Cli.Customers;

/// <summary>What takes the place of a customer who was erased. Nobody can have the address: RFC 2606 reserves its domain.</summary>
internal static class ErasedCustomer
{
    public static readonly Customer Value = new("erased", "erased", "erased@erased.invalid");

    public static readonly string Json = JsonSerializer.Serialize(Value, ContractsJson.Default.Customer);

    /// <summary>An order.placed event's data without the customer. Nothing is kept of what is no JSON object.</summary>
    public static byte[] Replace(ReadOnlyMemory<byte> data)
    {
        try
        {
            if (JsonNode.Parse(data.Span) is JsonObject placed && placed.ContainsKey("customer"))
            {
                placed["customer"] = JsonNode.Parse(Json);
                return JsonSerializer.SerializeToUtf8Bytes(placed, CustomerJson.Default.JsonObject);
            }
        }
        catch (Exception e) when (e is JsonException or ArgumentException)
        {
            // Not JSON, or a field twice: some other program wrote it.
        }

        return "{}"u8.ToArray();
    }
}
