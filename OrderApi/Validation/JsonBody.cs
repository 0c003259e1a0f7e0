using System.Text.Json;

namespace FanOut.OrderApi.Validation;

internal static class JsonBody
{
    private static readonly JsonDocumentOptions Options = new() { MaxDepth = 16 };

    /// <summary>Null, and said so, where the body is not JSON.</summary>
    public static async Task<JsonDocument?> ReadAsync(HttpRequest request, FieldErrors errors, CancellationToken cancellationToken)
    {
        // Routing lets a body without a type pass, which a page of any site may send in a visitor's name.
        if (!request.HasJsonContentType())
        {
            throw new BadHttpRequestException("The body must be application/json.", StatusCodes.Status415UnsupportedMediaType);
        }

        try
        {
            return await JsonDocument.ParseAsync(request.Body, Options, cancellationToken);
        }
        catch (JsonException e)
        {
            errors.Add("$", $"is not valid JSON (line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1})");
            return null;
        }
    }
}
