using Microsoft.Extensions.Options;

namespace FanOut.Migrator.Roles;

/// <summary>The Postgres roles of the services.</summary>
internal sealed class ServiceRolesOptions
{
    public const string SectionName = "Roles";

    /// <summary>The services that have a role.</summary>
    public static readonly IReadOnlyList<string> Services =
        ["order-api", "webhook-worker", "analytics-worker", "notification-worker", "reclaimer", "stream-console"];

    /// <summary>By service. A role that is not here keeps its password.</summary>
    public Dictionary<string, Role> Roles { get; } = [];

    /// <returns>Such as <c>fanout_order_api</c>.</returns>
    public static string NameOf(string service) => $"fanout_{service.Replace('-', '_')}";

    internal sealed class Role
    {
        /// <summary>The password to set. A new one replaces the old one; open connections stay.</summary>
        public string? Password { get; set; }
    }

    internal sealed class Validator : IValidateOptions<ServiceRolesOptions>
    {
        public ValidateOptionsResult Validate(string? name, ServiceRolesOptions options)
        {
            var wrong = options.Roles.Keys.Where(service => !Services.Contains(service)).Select(service =>
                    $"{SectionName}:{service} is of no service. Use {string.Join(", ", Services)}.")
                .Concat(options.Roles.Where(role => string.IsNullOrWhiteSpace(role.Value.Password)).Select(role =>
                    $"{SectionName}:{role.Key}:Password is empty. Set a password, or leave {SectionName}:{role.Key} out to keep the present one."));
            return wrong.ToArray() is { Length: > 0 } failures ? ValidateOptionsResult.Fail(failures) : ValidateOptionsResult.Success;
        }
    }
}
