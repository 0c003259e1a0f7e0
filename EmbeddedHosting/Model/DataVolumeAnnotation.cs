namespace Aspire.Hosting.ApplicationModel;

internal sealed record DataVolumeAnnotation(string? Name) : IResourceAnnotation;
