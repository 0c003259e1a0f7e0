using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using FanOut.ServiceDefaults.WorkQueues;
using FanOut.WebhookWorker.Dispatching;

namespace FanOut.WebhookWorker.Endpoints;

/// <summary>
/// Asks a receiver whether it wants the events of an endpoint: it must answer a signed POST with the challenge that is in it, and with nothing else,
/// so that a service which repeats what it is sent is not taken for a receiver.
/// </summary>
internal sealed class UrlVerification(EndpointStore store, ReceiverProbe probe, DispatchSignal signal)
{
    public const string EventType = "endpoint.verification";

    private const int MaxAnswer = 1_024;

    /// <returns>Why the receiver did not confirm, or "" if it did; null if the owner has no such endpoint.</returns>
    public async Task<string?> VerifyAsync(string owner, Guid id, CancellationToken cancellationToken)
    {
        if (await store.FindChallengedAsync(owner, id, cancellationToken) is not { } endpoint)
        {
            return null;
        }

        var error = probe.IsAllowed(owner)
            ? await ChallengeAsync(id, endpoint, cancellationToken)
            : "The account has asked receivers too often. Ask again in a minute, with POST /endpoints/{id}/verify.";
        await store.RecordVerificationAsync(id, endpoint.Url, error, cancellationToken);
        if (error is null)
        {
            signal.Raise();
        }

        return error ?? "";
    }

    private async Task<string?> ChallengeAsync(Guid id, ChallengedEndpoint endpoint, CancellationToken cancellationToken)
    {
        var challenge = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        var answer = await probe.SendAsync(
            id, endpoint, EventType, ("challenge", challenge), (response, token) => ReadAsync(response, challenge, token), cancellationToken);
        return answer.Error;
    }

    private static async Task<Answer> ReadAsync(HttpResponseMessage response, string challenge, CancellationToken cancellationToken)
    {
        if (!response.IsSuccessStatusCode)
        {
            return new(response.StatusCode, $"It answered HTTP {(int)response.StatusCode}, but must answer 200 with the challenge.");
        }

        var answer = new byte[MaxAnswer + 1];
        await using var body = await response.Content.ReadAsStreamAsync(cancellationToken);
        var length = await body.ReadAtLeastAsync(answer, answer.Length, throwOnEndOfStream: false, cancellationToken);
        return new(
            response.StatusCode,
            length > MaxAnswer ? $"Its answer is longer than {MaxAnswer} bytes, but must be only the challenge."
            : Repeats(answer.AsSpan(0, length), challenge) ? null
            : "Its answer is not the challenge. Answer with the text of data.challenge, or with JSON like { \"challenge\": \"...\" }.");
    }

    private static bool Repeats(ReadOnlySpan<byte> answer, string challenge)
    {
        var text = Encoding.UTF8.GetString(answer).Trim();
        if (text == challenge)
        {
            return true;
        }

        try
        {
            using var json = JsonDocument.Parse(text);
            return json.RootElement is { ValueKind: JsonValueKind.Object } root
                && root.TryGetProperty("challenge", out var repeated) && repeated.ValueKind == JsonValueKind.String
                && repeated.ValueEquals(challenge);
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
