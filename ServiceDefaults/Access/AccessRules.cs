using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace FanOut.ServiceDefaults.Access;

/// <summary>Refuses settings with which everyone, or nobody, could come in.</summary>
internal sealed class AccessRules(IHostEnvironment environment, IConfiguration configuration, IOptionsMonitor<JwtBearerOptions> tokens)
    : IValidateOptions<AccessOptions>
{
    private const string Bearer = $"Authentication:Schemes:{JwtBearerDefaults.AuthenticationScheme}";

    public ValidateOptionsResult Validate(string? name, AccessOptions options)
    {
        var faults = TokenFaults().ToList();
        if (options.AllowAnonymous && !environment.IsDevelopment() && !environment.IsEnvironment("Testing"))
        {
            faults.Add($"Access:AllowAnonymous opens every route. It is refused in {environment.EnvironmentName}; remove it.");
        }

        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
    }

    private IEnumerable<string> TokenFaults()
    {
        var section = configuration.GetSection(Bearer);
        if (!section.GetChildren().Any())
        {
            yield break;
        }

        var authority = section["Authority"] ?? section["MetadataAddress"];
        if (authority is null && !Has("ValidIssuer"))
        {
            yield return $"{Bearer}:Authority is missing. Set it to the address of the authority that issues the tokens.";
        }

        if (authority is not null && (!Uri.TryCreate(authority, UriKind.Absolute, out var address) || address.Scheme is not ("https" or "http")))
        {
            yield return $"{Bearer}:Authority must be an address such as https://login.example.com.";
        }
        else if (OptionsFault() is { } fault)
        {
            yield return $"{Bearer} is not valid: {fault}";
        }

        if (!Has("ValidAudience"))
        {
            yield return $"{Bearer}:ValidAudiences:0 is missing. Set it to the audience of the tokens for FanOut; tokens for others are refused.";
        }

        bool Has(string key) => !string.IsNullOrWhiteSpace(section[key])
            || section.GetSection($"{key}s").GetChildren().Any(each => !string.IsNullOrWhiteSpace(each.Value));
    }

    private string? OptionsFault()
    {
        try
        {
            tokens.Get(JwtBearerDefaults.AuthenticationScheme);
            return null;
        }
        catch (Exception e) when (e is FormatException or InvalidOperationException or ArgumentException)
        {
            return e.Message;
        }
    }
}
