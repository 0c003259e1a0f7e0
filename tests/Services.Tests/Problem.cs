using System.Text.Json;
using Xunit;

namespace FanOut.Services.Tests;

internal static class Problem
{
    /// <summary>The fields that a validation problem names, in alphabetical order.</summary>
    public static async Task<string[]> FieldsAsync(HttpResponseMessage response)
    {
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        using var problem = JsonDocument.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        return [.. problem.RootElement.GetProperty("errors").EnumerateObject().Select(error => error.Name).Order(StringComparer.Ordinal)];
    }
}
