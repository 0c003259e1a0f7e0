namespace FanOut.WebhookWorker.Dispatching;

internal sealed class AddressRefusedException(string host)
    : IOException($"'{host}' stands at an address that webhooks may not be sent to: it is not a public one.");
