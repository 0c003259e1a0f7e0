using System.Diagnostics.CodeAnalysis;

namespace Aspire.Hosting;

public sealed class DistributedApplicationOptions
{
    [SuppressMessage("Performance", "CA1819", Justification = "The shape is Aspire's.")]
    public string[]? Args { get; set; }

    public string? AssemblyName { get; set; }

    /// <summary>This engine has no dashboard; the member is here so that tests compile under both engines.</summary>
    public bool DisableDashboard { get; set; } = true;
}
