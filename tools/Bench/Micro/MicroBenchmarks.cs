using BenchmarkDotNet.Attributes;
using FanOut.Bench.Consume;
using FanOut.EventBus.Consuming;
using FanOut.EventBus.Inbox;
using FanOut.EventBus.Publishing;
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
    private readonly NameValueEntry[][] _fields = [.. Numbers.Select(number => BenchStream.Entry(number))];
    private readonly EntryId[] _ids = [.. Numbers.Select(BenchStream.IdOf)];
    private BenchServers? _servers;
    private IHost? _host;
    private StreamPublisher? _publisher;
    private StreamEntry[] _entries = [];
    private RedisResult? _reply;
    private DeliveryReader? _reader;
    private InboxTable? _inbox;
    private NpgsqlConnection? _connection;

    [GlobalSetup]
    public async Task StartAsync()
    {
        _servers = await BenchServers.StartAsync(CancellationToken.None);
        _host = BusHost.Create(
            _servers, _servers.Postgres, Stream, bus => bus.AddEvent(BenchOrder.EventType, BenchJson.Default.BenchOrder).AddDirectPublisher());
        await _host.StartAsync();
        _publisher = _host.Services.GetRequiredService<StreamPublisher>();
        var stream = await BenchStream.FillAsync(_servers, "read", BatchSize, _ => { }, CancellationToken.None);
        var key = StreamKeys.Stream(stream.Name);
        _entries = await _servers.Redis.StreamRangeAsync(key);
        _reply = await _servers.Redis.ExecuteAsync("XREAD", "COUNT", BatchSize, "STREAMS", key, "0");
        var eventTypes = _host.Services.GetRequiredService<EventTypeRegistry>();
        var subscription = new BatchHandlerSubscription<BenchOrder, AggregatingHandler>(eventTypes.Get(typeof(BenchOrder)));
        _reader = new DeliveryReader(eventTypes, [subscription], key);
        _inbox = new InboxTable(Stream, new GroupName("micro"));
        _connection = await _servers.Postgres.OpenConnectionAsync();
    }

    [GlobalCleanup]
    public async Task StopAsync()
    {
        await _connection!.DisposeAsync();
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
            events += _reader!.Read(StreamKeys.Stream(new StreamName("read")), entry, 1)!.Data is null ? 0 : 1;
        }

        return events;
    }

    [Benchmark(OperationsPerInvoke = BatchSize, Description = "append an entry made before (pipelined XADD, with Redis)")]
    public Task BareAppendAsync()
    {
        var redis = _servers!.Redis;
        return Task.WhenAll(_fields.Select(fields => redis.StreamAddAsync("bare", fields, maxLength: 100_000, useApproximateMaxLength: true)));
    }

    [Benchmark(OperationsPerInvoke = BatchSize, Description = "encode and append an event (direct publisher, with Redis)")]
    public Task PublishAsync() => _publisher!.PublishAsync(_events);

    [Benchmark(OperationsPerInvoke = BatchSize, Description = "ids of a batch as ranges")]
    public int Ranges() => EntryRanges.Of(_ids).From.Length;

    [Benchmark(OperationsPerInvoke = BatchSize, Description = "inbox statement (with Postgres, rolled back)")]
    public async Task TakeAsync()
    {
        await using var transaction = await _connection!.BeginTransactionAsync();
        await _inbox!.TakeAsync(_connection, _ids, CancellationToken.None);
        await transaction.RollbackAsync();
    }
}
