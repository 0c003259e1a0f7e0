namespace Aspire.Hosting.ApplicationModel;

internal sealed record AddedUrlAnnotation(string EndpointName, Func<EndpointReference, ResourceUrlAnnotation> Callback) : IResourceAnnotation;
