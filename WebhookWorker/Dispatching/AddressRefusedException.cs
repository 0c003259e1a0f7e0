namespace FanOut.WebhookWorker.Dispatching;

internal sealed class AddressRefusedException(string host)
    : IOException($"'{host}' has an address that is not public. Webhooks are sent only to public addresses.");
