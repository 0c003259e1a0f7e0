using System.ComponentModel.DataAnnotations;

namespace FanOut.ServiceDefaults;

public static class SettingRules
{
    /// <summary>The settings of a section that are out of range; each message names the key.</summary>
    public static IEnumerable<ValidationResult> Ranges(
        string section, params IEnumerable<(string Name, TimeSpan Value, TimeSpan Min, TimeSpan Max)> settings) => settings
        .Where(setting => setting.Value < setting.Min || setting.Value > setting.Max)
        .Select(setting => new ValidationResult(
            $"{section}:{setting.Name} is {setting.Value}, but must be {setting.Min} to {setting.Max}.", [setting.Name]));
}
