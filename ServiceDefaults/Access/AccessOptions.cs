using System.ComponentModel.DataAnnotations;

namespace FanOut.ServiceDefaults.Access;

/// <summary>Who may come in. What the platform reads itself is in the section <c>Authentication:Schemes:Bearer</c>.</summary>
internal sealed class AccessOptions : IValidatableObject
{
    public const string SectionName = "Access";

    /// <summary>Whether callers need no key and may do everything. Only for measurements in Development or Testing. Default false.</summary>
    public bool AllowAnonymous { get; set; }

    /// <summary>The claim of a token with the account that its bearer acts for. Default <c>sub</c>.</summary>
    [Required(ErrorMessage = "Access:OwnerClaim must name a claim, such as sub.")]
    public string OwnerClaim { get; set; } = "sub";

    /// <summary>The scopes that other claims of a token stand for, beside those in its <c>scope</c> or <c>scp</c>. Default none.</summary>
    public IList<ScopeGrant> Grants { get; } = [];

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        foreach (var (index, grant) in Grants.Index())
        {
            var key = $"{SectionName}:{nameof(Grants)}:{index}";
            if (string.IsNullOrWhiteSpace(grant.Claim) || string.IsNullOrWhiteSpace(grant.Value))
            {
                yield return new($"{key} must have a Claim (default roles) and a Value.");
            }

            var unknown = grant.Scopes.Where(scope => !Scopes.IsKnown(scope)).ToArray();
            if (unknown.Length > 0 || grant.Scopes.Count == 0)
            {
                yield return new(
                    $"{key}:Scope is '{grant.Scope}'. Set it to one or more of {string.Join(", ", Scopes.All)}, with spaces between them, or to *.");
            }
        }
    }
}

/// <summary>Scopes for everyone whose token has a claim, such as a role or a group.</summary>
internal sealed class ScopeGrant
{
    /// <summary>The type of the claim. Default <c>roles</c>.</summary>
    public string Claim { get; set; } = "roles";

    /// <summary>The value of the claim.</summary>
    public string Value { get; set; } = "";

    /// <summary>The scopes, with spaces between them; <c>*</c> is all of them.</summary>
    public string Scope { get; set; } = "";

    public IReadOnlyList<string> Scopes => Scope.Split(' ', StringSplitOptions.RemoveEmptyEntries);
}
