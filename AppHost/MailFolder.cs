namespace FanOut.AppHost;

internal static class MailFolder
{
    /// <summary>Where the order confirmations go until a mail server is set (<c>Smtp__Host</c>). An image is read-only but for its temporary folder.</summary>
    public static IResourceBuilder<ProjectResource> WithMailFolder(this IResourceBuilder<ProjectResource> worker) =>
        worker.ApplicationBuilder.ExecutionContext.IsPublishMode ? worker.WithEnvironment("Smtp__PickupFolder", "/tmp/mail") : worker;
}
