namespace Aspire.Hosting.ApplicationModel;

internal sealed class HttpHealthCheckAnnotation(string resource, string endpointName, string path, int statusCode)
    : HealthCheckAnnotation($"{resource}_{endpointName}_{path}_{statusCode}_check")
{
    public string EndpointName { get; } = endpointName;

    public string Path { get; } = path;

    public int StatusCode { get; } = statusCode;
}
