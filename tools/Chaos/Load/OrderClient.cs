using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using FanOut.Contracts;

namespace FanOut.Chaos.Load;

/// <summary>Sends an unanswered order again with the same key, to the next replica, until it is known whether it was accepted.</summary>
internal sealed class OrderClient : IDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan MaxPause = TimeSpan.FromSeconds(1);
    private readonly HttpClient[] _replicas;
    private readonly ConcurrentDictionary<string, byte> _open = new();
    private readonly ConcurrentBag<AcceptedOrder> _accepted = [];
    private readonly ConcurrentDictionary<string, string> _refused = new();
    private readonly ConcurrentDictionary<HttpStatusCode, int> _answers = new();
    private int _unanswered;
    private int _next;

    public OrderClient(IEnumerable<Uri> replicas) => _replicas =
    [
        .. replicas.Select(address => new HttpClient(new SocketsHttpHandler { UseProxy = false, ConnectTimeout = TimeSpan.FromSeconds(1) })
        {
            BaseAddress = address,
            Timeout = TimeSpan.FromSeconds(5),
            DefaultRequestHeaders = { Authorization = TestKey.Header },
        }),
    ];

    /// <summary>Every successful answer. A key that several clients sent has several.</summary>
    public IReadOnlyCollection<AcceptedOrder> Accepted => _accepted;

    public int AcceptedCount => _accepted.Count;

    /// <summary>The keys of orders without an answer yet.</summary>
    public ICollection<string> Open => _open.Keys;

    public int OpenCount => _open.Count;

    /// <summary>Orders that were answered 4xx. There should be none.</summary>
    public IReadOnlyDictionary<string, string> Refused => _refused;

    /// <summary>Answers by status.</summary>
    public IReadOnlyDictionary<HttpStatusCode, int> Answers => _answers;

    /// <summary>Attempts without an answer.</summary>
    public int Unanswered => _unanswered;

    /// <summary>Sends an order until it is answered.</summary>
    public async Task PlaceAsync(string key, PlaceOrder order, CancellationToken cancellationToken)
    {
        _open[key] = 0;
        var pause = Pause;
        for (var replica = Interlocked.Increment(ref _next); ; replica++)
        {
            if (await TryAsync(_replicas[(replica & int.MaxValue) % _replicas.Length], key, order, cancellationToken))
            {
                _open.TryRemove(key, out _);
                return;
            }

            await Task.Delay(pause, TimeProvider.System, cancellationToken);
            pause = pause * 2 < MaxPause ? pause * 2 : MaxPause;
        }
    }

    public void Dispose() => Array.ForEach(_replicas, replica => replica.Dispose());

    /// <returns>False if it must be sent again.</returns>
    private async Task<bool> TryAsync(HttpClient replica, string key, PlaceOrder order, CancellationToken cancellationToken)
    {
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/orders");
            request.Content = JsonContent.Create(order, ContractsJson.Default.PlaceOrder);
            request.Headers.Add("Idempotency-Key", key);
            using var response = await replica.SendAsync(request, cancellationToken);
            _answers.AddOrUpdate(response.StatusCode, 1, static (_, count) => count + 1);
            if (response.IsSuccessStatusCode)
            {
                var placed = (await response.Content.ReadFromJsonAsync(ContractsJson.Default.Order, cancellationToken))!;
                _accepted.Add(new AcceptedOrder(key, placed.Id, placed.Total));
                return true;
            }

            if ((int)response.StatusCode >= 500)
            {
                return false;
            }

            _refused[key] = $"{(int)response.StatusCode} {await response.Content.ReadAsStringAsync(cancellationToken)}";
            return true;
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Interlocked.Increment(ref _unanswered);
            return false;
        }
    }
}

/// <summary>An accepted order: its Idempotency-Key, which is also its customer's id, and the id and total in the answer.</summary>
internal sealed record AcceptedOrder(string Key, Guid Id, decimal Total);
