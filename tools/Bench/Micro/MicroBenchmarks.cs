using BenchmarkDotNet.Attributes;
using FanOut.Bench.Consume;
using FanOut.EventBus.Consuming;
using FanOut.EventBus.Groups;
using FanOut.EventBus.Inbox;
using FanOut.EventBus.Redis;
using FanOut.EventBus.Wire;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace FanOut.Bench.Micro;

/// <summary>The hot paths, per event, in batches of 500 events of about 250 bytes of JSON.</summary>
public class MicroBenchmarks
{
    private const int BatchSize = 500;
    private static readonly StreamName Stream = new("micro");
    private static readonly IEnumerable<int> Numbers = Enumerable.Range(0, BatchSize);
    private readonly NewEvent<BenchOrder>[] _events = [.. Numbers.Select(number => new NewEvent<BenchOrder>("1", BenchOrder.Create(number)))];
    private readonly NameValueEntry[][] _fields = [.. Numbers.Select(number => BenchEvent.Create(number).ToEntry())];
    private readonly long[] _positions = [.. Numbers.Select(number => number + 1L)];
    private readonly InboxCandidate[] _candidates =
        [.. Numbers.Select(number => BenchEvent.Create(number)).Select(item => new InboxCandidate(item.Position, item.Id))];
    private BenchServers? _servers;
    private IHost? _host;
    private Outbox? _outbox;
    private RegisteredGroup? _group;
    private StreamEntry[] _entries = [];
    private RedisResult? _reply;
    private DeliveryReader? _reader;

    [GlobalSetup]
    public async Task StartAsync()
    {
        _servers = await BenchServers.StartAsync(CancellationToken.None);
        var stream = await BenchStream.FillAsync(_servers, Stream.Value, BatchSize, _ => { }, CancellationToken.None);
        _group = await BusHost.RegisterAsync(_servers, _servers.Postgres, Stream, new GroupName("micro"), CancellationToken.None);
        _host = BusHost.Create(_servers, _servers.Postgres, new StreamName("written"), bus => bus.AddOutbox());
        await _host.StartAsync();
        _outbox = _host.Services.GetRequiredService<Outbox>();
        var key = StreamKeys.Stream(stream.Name);
        _entries = await _servers.Redis.StreamRangeAsync(key);
        _reply = await _servers.Redis.ExecuteAsync("XREAD", "COUNT", BatchSize, "STREAMS", key, "0");
        var eventTypes = _host.Services.GetRequiredService<EventTypeRegistry>();
        var subscription = new BatchHandlerSubscription<BenchOrder, AggregatingHandler>(eventTypes.Get(typeof(BenchOrder)));
        _reader = new DeliveryReader(eventTypes, [subscription]);
    }

    [GlobalCleanup]
    public async Task StopAsync()
    {
        await _host!.StopAsync();
        _host.Dispose();
        await _servers!.DisposeAsync();
    }

    [Benchmark(OperationsPerInvoke = BatchSize, Description = "read the reply of a blocking read")]
    public int ReadReply() => StreamReply.Read(_reply!).Sum(read => read.Entries.Length);

    [Benchmark(OperationsPerInvoke = BatchSize, Description = "decode an envelope")]
    public int DecodeEnvelope()
    {
        var malformed = 0;
        foreach (var entry in _entries)
        {
            malformed += WireEvent.TryRead(entry.Values, out _) is null ? 0 : 1;
        }

        return malformed;
    }

    [Benchmark(OperationsPerInvoke = BatchSize, Description = "make a delivery of an entry: decode its envelope, deserialise its data")]
    public int ReadEntries()
    {
        var events = 0;
        foreach (var entry in _entries)
        {
            events += _reader!.Read(entry).Data is null ? 0 : 1;
        }

        return events;
    }

    [Benchmark(OperationsPerInvoke = BatchSize, Description = "append an entry made before (pipelined XADD, with Redis)")]
    public Task BareAppendAsync()
    {
        var redis = _servers!.Redis;
        return Task.WhenAll(_fields.Select(fields => redis.StreamAddAsync("bare", fields, maxLength: 100_000, useApproximateMaxLength: true)));
    }

    [Benchmark(OperationsPerInvoke = BatchSize, Description = "encode an event for the outbox")]
    public NpgsqlBatchCommand EncodeEvents() => _outbox!.CreateCommand(_events);

    [Benchmark(OperationsPerInvoke = BatchSize, Description = "positions of a batch as ranges")]
    public int Ranges() => PositionRanges.Of(_positions).From.Length;

    [Benchmark(OperationsPerInvoke = BatchSize, Description = "take positions and check them against the outbox (with Postgres, rolled back)")]
    public async Task TakeAsync()
    {
        await using var inbox = await InboxTransaction.BeginAsync(
            _servers!.Postgres, _group!, new InboxTimeouts(TimeSpan.FromMinutes(1), TimeSpan.FromSeconds(10)), _candidates, CancellationToken.None);
    }
}
