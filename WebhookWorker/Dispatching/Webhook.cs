namespace FanOut.WebhookWorker.Dispatching;

/// <summary>One POST: a body that is signed with each of the secrets. The id is <c>webhook-id</c>.</summary>
internal sealed record Webhook(string Url, Guid Id, byte[] Body, IReadOnlyList<byte[]> Secrets);
