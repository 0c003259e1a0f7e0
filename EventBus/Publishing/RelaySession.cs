using StackExchange.Redis;

namespace FanOut.EventBus.Publishing;

/// <summary>
/// Publishes the outbox for a minute, on one connection to Postgres. It goes on from the state beside the stream, and moves that with each append by
/// compare-and-set. So any number of relays may run: an append by one that does not know the present state changes nothing. Whatever goes wrong ends
/// the session; the next one reads the state.
/// </summary>
internal sealed class RelaySession(
    OutboxReader reader, StreamAppender appender, RelayLease lease, OutboxSignal signal, RelayStatus status, RelayMetrics metrics,
    OutboxOptions options, TimeProvider time)
{
    private const int MaxInChunk = 128;
    private const int MaxChunkBytes = 256 << 10;
    private static readonly TimeSpan MaxDuration = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan LastWord = TimeSpan.FromSeconds(1);

    private readonly string _run = Guid.NewGuid().ToString("n");
    private long _appends;

    /// <summary>Whether a read or an append went well. Otherwise the next session is not begun at once.</summary>
    public bool HasProgressed { get; private set; }

    /// <exception cref="StateException">A person has to look at the state.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var found = await appender.ReadAsync();
        await reader.OpenAsync(cancellationToken);
        var outbox = await reader.CompareAsync(found.State, cancellationToken) ?? throw new StateException(
            $"stream '{reader.Stream.Name}' is no longer in bus.stream: its database was restored or replaced. Restart this service");
        if (outbox.IsReadOnly)
        {
            throw new Npgsql.NpgsqlException("the server is read-only: it is a standby, or was made so");
        }

        if (found.State is not { } state)
        {
            await BeginAsync(found, outbox, null, "its state was lost", cancellationToken);
        }
        else if (!state.IsOf(outbox.History))
        {
            throw StateException.NotOwn(reader.Stream.Name, state, outbox.History);
        }
        else if (state.Generation < outbox.History.Generation)
        {
            await BeginAsync(found, outbox, null, "the outbox has begun a new generation", cancellationToken);
        }
        else if (!outbox.HasEvent && state.Event is not null && state.Position > outbox.LowestDoneThrough)
        {
            // The database has lost commits that were published. Its new generation comes first: otherwise another relay could take the lost
            // history, or one that a lost database brings back, for the present one.
            if (await reader.BeginGenerationAsync(outbox.History, cancellationToken) is { } next)
            {
                var reasonAnew = $"the outbox has lost position {state.Position}, which was published, and others maybe";
                await BeginAsync(found, outbox with { History = next }, null, reasonAnew, cancellationToken);
            }
        }
        else if (found.HasLostEntries)
        {
            await BeginAsync(found, outbox, state, "it has lost entries, or its ids are used up", cancellationToken);
        }
        else
        {
            await PublishAsync(state, found.Gaps, outbox, cancellationToken);
        }
    }

    /// <summary>Begins the stream, or makes it anew together with its state.</summary>
    private async Task BeginAsync(StreamFound found, OutboxFound outbox, StreamState? goOn, string reason, CancellationToken cancellationToken)
    {
        var lowest = outbox.LowestDoneThrough;
        var position = goOn?.Position ?? Math.Max(lowest, options.MaxStreamLength == 0 ? 0 : outbox.Highest - (options.MaxStreamLength / 2));
        var first = goOn is not null && position >= lowest
            ? goOn with { Seq = NextSeq() }
            : new StreamState(outbox.History.Outbox, outbox.History.Generation, NextSeq(), Math.Max(position, lowest), null);

        // A stream without state and without entries is new, not lost: somebody created a group on it.
        var isLost = found.State is not null || found.EntriesAdded > 0;
        cancellationToken.ThrowIfCancellationRequested();
        var gaps = new GapTracker(first.Position, goOn is null ? [] : found.Gaps, lowest);
        if (await appender.BeginAsync(found.State, first, gaps.Gaps, makeAnew: isLost) && isLost)
        {
            status.StreamMadeAnew(reason, first.Position);
            metrics.StreamMadeAnew();
        }
    }

    private async Task PublishAsync(StreamState state, IReadOnlyList<Gap> open, OutboxFound outbox, CancellationToken cancellationToken)
    {
        // What every group has taken need not be read again, nor looked for.
        var gaps = new GapTracker(state.Position, open, outbox.LowestDoneThrough);
        metrics.Begins(state);
        var started = time.GetTimestamp();
        var sendings = new Queue<Sending>();
        try
        {
            while (time.GetElapsedTime(started) < MaxDuration)
            {
                var readAt = time.GetTimestamp();
                if (await ReadAsync(gaps, outbox, cancellationToken) is not { } page)
                {
                    return;
                }

                if (page.Count > 0)
                {
                    var sending = Send(page, state, gaps);
                    state = sending.State;
                    sendings.Enqueue(sending);
                }
                else
                {
                    page.Recycle();
                }

                // Redis appends a page while the next one is read and sent.
                while (sendings.Count > (page.IsFull ? 1 : 0))
                {
                    if (!await FinishAsync(sendings.Dequeue()))
                    {
                        return;
                    }
                }

                if (!page.IsFull)
                {
                    HasProgressed = true;
                    status.Set(RelayState.Leading);
                    await WaitForWorkAsync(readAt, cancellationToken);
                }

                if (!await lease.RenewAsync())
                {
                    return;
                }
            }
        }
        finally
        {
            // Mostly it is about to succeed, and the trace ends well.
            if (sendings.Count > 0)
            {
                await ((Task)Task.WhenAll(sendings.Select(FinishAsync))).WaitAsync(LastWord, time, CancellationToken.None)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task WaitForWorkAsync(long readAt, CancellationToken cancellationToken)
    {
        await signal.WaitAsync(cancellationToken);

        // A read costs two round trips, however few events it has: where they come one by one, those of a moment share it.
        if (options.BatchInterval - time.GetElapsedTime(readAt) is var rest && rest > TimeSpan.Zero)
        {
            await Task.Delay(rest, time, cancellationToken);
        }
    }

    /// <returns>Null where another server has answered: what is known of its transactions no longer holds.</returns>
    private async Task<OutboxPage?> ReadAsync(GapTracker gaps, OutboxFound outbox, CancellationToken cancellationToken)
    {
        var page = await reader.ReadAsync(gaps, cancellationToken);
        if (page.IsReadOnly || page.ServerStarted != outbox.ServerStarted)
        {
            return null;
        }

        // Drawn after the reads that have found these gaps.
        if (page.Xid is { } xid)
        {
            gaps.Record(xid);
        }

        var givenUp = gaps.GiveUp(page.Positions, page.Xmin, page.IsFull ? page.Positions[^1] : long.MaxValue);
        metrics.Gaps(gaps.Gaps.Count == 0 ? 0 : gaps.MissingCount, givenUp);
        status.Gaps(gaps.Gaps.Count);
        return page;
    }

    /// <summary>Sends a page in chunks, without waiting for the replies: each names the state that the one before leaves.</summary>
    private Sending Send(OutboxPage page, StreamState state, GapTracker gaps)
    {
        var sending = new Sending(page, SendTrace.Start(reader.Stream.Name, page), time.GetTimestamp());
        for (var start = 0; start < page.Count;)
        {
            var (count, bytes) = (1, page.LengthOf(start));
            while (count < MaxInChunk && start + count < page.Count && bytes + page.LengthOf(start + count) <= MaxChunkBytes)
            {
                bytes += page.LengthOf(start + count++);
            }

            gaps.Take(page.Positions.Slice(start, count));
            var last = start + count - 1;
            var next = page.Positions[last] > state.Position
                ? state with { Seq = NextSeq(), Position = page.Positions[last], Event = page.IdOf(last) }
                : state with { Seq = NextSeq() };
            sending.Chunks.Add((appender.SendAsync(state, next, gaps, page, start, count), count, next));
            (state, start) = (next, start + count);
        }

        return sending;
    }

    /// <summary>Waits for all replies.</summary>
    /// <returns>False where the stream must be looked at: another state was found, or its ids are used up.</returns>
    private async Task<bool> FinishAsync(Sending sending)
    {
        await ((Task)Task.WhenAll(sending.Chunks.Select(chunk => chunk.Reply))).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        var (count, error, lastId) = (0, "no_answer", (string?)null);
        StreamState? reached = null;
        try
        {
            foreach (var (reply, events, state) in sending.Chunks)
            {
                if (StreamAppender.ReadReply(await reply) is not { } appended)
                {
                    error = "state_changed";
                    return false;
                }

                (count, reached, lastId) = (count + events, state, appended.LastId);
                metrics.Trimmed(appended.Trimmed);
                status.Trimmed(appended.Trimmed);
            }

            error = null;
            HasProgressed = true;
            sending.Page.Recycle();
            return true;
        }
        catch (RedisServerException e) when (StreamAppender.AreIdsUsedUp(e))
        {
            error = "ids_used_up";
            return false;
        }
        catch (RedisServerException)
        {
            error = "refused";
            throw;
        }
        finally
        {
            metrics.Appended(count, reached, time.GetElapsedTime(sending.StartedAt), error);
            sending.Trace.Stop(error, sending.Page.Count == 1 ? lastId : null);
        }
    }

    private string NextSeq() => $"{_run}:{++_appends}";

    private sealed record Sending(OutboxPage Page, SendTrace Trace, long StartedAt)
    {
        public List<(Task<RedisResult> Reply, int Count, StreamState State)> Chunks { get; } = [];

        public StreamState State => Chunks[^1].State;
    }
}
