using FanOut.OrderApi.Placing;
using Microsoft.Extensions.Options;
using Xunit;

namespace FanOut.Services.Tests.Access;

/// <summary>A setting that lets everyone or nobody in stops the start.</summary>
public sealed class AccessSettingsTests
{
    private const string Bearer = "Authentication:Schemes:Bearer";

    [Theory]
    [InlineData("Access:AllowAnonymous opens every route", "Production", "Access:AllowAnonymous=true")]
    [InlineData("Access:OwnerClaim must name a claim", "Testing", "Access:OwnerClaim=")]
    [InlineData("Access:Grants:0:Scope is 'orders'", "Testing", "Access:Grants:0:Value=x", "Access:Grants:0:Scope=orders")]
    [InlineData("Access:Grants:0:Scope is ''", "Testing", "Access:Grants:0:Value=x")]
    [InlineData("Access:Grants:0 must have a Claim", "Testing", "Access:Grants:0:Scope=*")]
    [InlineData($"{Bearer}:ValidAudiences:0 is missing", "Testing", $"{Bearer}:Authority=https://login.example.com")]
    [InlineData($"{Bearer}:ValidAudiences:0 is missing", "Testing", $"{Bearer}:Authority=https://login.example.com", $"{Bearer}:Audience=fanout")]
    [InlineData($"{Bearer}:Authority is missing", "Testing", $"{Bearer}:ValidAudience=fanout")]
    [InlineData($"{Bearer}:Authority must be an address", "Testing", $"{Bearer}:Authority=login", $"{Bearer}:ValidAudience=fanout")]
    [InlineData($"{Bearer} is not valid", "Testing", $"{Bearer}:Authority=http://login.example.com", $"{Bearer}:ValidAudience=fanout")]
    [InlineData(
        $"{Bearer} is not valid",
        "Testing",
        $"{Bearer}:Authority=https://login.example.com", $"{Bearer}:ValidAudience=fanout", $"{Bearer}:SaveToken=maybe")]
    public async Task A_wrong_setting_stops_the_start_and_is_named(string message, string environment, params string[] settings)
    {
        var all = settings.Append($"environment={environment}")
            .Select(setting => setting.Split('=', 2))
            .ToDictionary(pair => pair[0], pair => pair[1]);

        var failure = await Assert.ThrowsAsync<OptionsValidationException>(
            () => ServiceHost<OrderWriter>.StartAsync(all, cancellationToken: TestContext.Current.CancellationToken));

        Assert.Contains(message, failure.Message, StringComparison.Ordinal);
    }
}
