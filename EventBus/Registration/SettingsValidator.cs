using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace FanOut.EventBus.Registration;

/// <summary>
/// Validates options that are bound to several sections. Messages name a setting by its key for all streams; where a later section sets it, they name
/// it by that section's key instead.
/// </summary>
internal sealed class SettingsValidator<T>(string optionsName, string[] sections, IConfiguration configuration) : IValidateOptions<T>
    where T : class
{
    public ValidateOptionsResult Validate(string? name, T options)
    {
        var wrong = new List<ValidationResult>();
        return name != optionsName ? ValidateOptionsResult.Skip
            : Validator.TryValidateObject(options, new ValidationContext(options), wrong, validateAllProperties: true) ? ValidateOptionsResult.Success
            : ValidateOptionsResult.Fail(wrong.Select(Describe));
    }

    private string Describe(ValidationResult wrong)
    {
        var message = wrong.ErrorMessage!;
        foreach (var member in wrong.MemberNames)
        {
            string[] keys = [.. sections.Select(section => $"{section}:{member}")];
            if (Array.FindLast(keys, key => configuration[key] is not null) is { } own
                && Array.Find(keys, key => message.Contains(key, StringComparison.Ordinal)) is { } general)
            {
                message = message.Replace(general, own, StringComparison.Ordinal);
            }
        }

        return message;
    }
}
