using CsCheck;
using FanOut.EventBus.Publishing;

namespace FanOut.EventBus.Tests.Publishing;

public sealed class GapTrackerTests
{
    /// <summary>Writers begin, draw positions, commit and roll back, the relay reads with small limits and restarts, all in any order: what was committed is read once, and nothing is given up that could still come.</summary>
    [Fact]
    public void Whatever_the_interleaving_each_committed_position_is_read_once()
        => Gen.Select(Gen.Int[0, 9], Gen.Int[0, 1_000]).Array[0, 400].Sample(
            steps =>
            {
                var database = new Database();
                foreach (var (step, choice) in steps)
                {
                    database.Step(step, choice);
                }

                database.Finish();
                Assert.Equal(database.Committed.Order(), database.Read.Order());
                Assert.Empty(database.Gaps.Gaps);
            },
            iter: 3_000);

    [Fact]
    public void A_position_that_appears_after_it_was_given_up_would_be_missed()
    {
        // What the rule prevents: shown here so that the property above is known to be able to fail.
        var gaps = new GapTracker(0, []);
        gaps.Observe([2], xmin: 10, sawAllGaps: true);
        gaps.Record(batch: 1, xid: 5);
        gaps.Observe([], xmin: 6, sawAllGaps: true);
        Assert.Throws<InvalidOperationException>(() => gaps.Observe([1], xmin: 7, sawAllGaps: true));
    }

    private sealed class Database
    {
        private readonly SortedDictionary<ulong, List<long>> _running = [];
        private readonly List<(long Batch, ulong Xid, GapTracker.Gap[] Opened, long[] Positions)> _chain = [];
        private ulong _xid = 1;
        private long _position = 1;

        public SortedSet<long> Committed { get; } = [];

        public List<long> Read { get; } = [];

        public GapTracker Gaps { get; private set; } = new(0, []);

        public void Step(int step, int choice)
        {
            var writer = _running.Count == 0 ? 0 : _running.Keys.ElementAt(choice % _running.Count);
            switch (step)
            {
                case 0 or 1:
                    _running.Add(_xid++, []);
                    break;
                case 2 or 3 or 4 when writer != 0:
                    _running[writer].Add(_position++);
                    break;
                case 5 or 6 when writer != 0:
                    Committed.UnionWith(_running[writer]);
                    _running.Remove(writer);
                    break;
                case 7 when writer != 0:
                    _running.Remove(writer);
                    break;
                case 8:
                    Relay(1 + (choice % 5));
                    break;
                case 9 when choice % 4 == 0:
                    Restart();
                    break;
            }
        }

        public void Finish()
        {
            foreach (var positions in _running.Values)
            {
                Committed.UnionWith(positions);
            }

            _running.Clear();
            for (var before = -1; before != Read.Count;)
            {
                before = Read.Count;
                Relay(1_000);
            }

            Relay(1_000);
        }

        // The same as read_outbox.sql followed by fix_ids.sql.
        private void Relay(int limit)
        {
            var xmin = _running.Count > 0 ? _running.Keys.First() : _xid;
            var late = Committed.Where(position => Gaps.Gaps.Any(gap => gap.First <= position && position <= gap.Last)).Take(limit).ToArray();
            var fresh = Committed.Where(position => position > Gaps.Highest).Take(limit - late.Length).ToArray();
            long[] positions = [.. late, .. fresh];
            var (opened, _) = Gaps.Observe(positions, xmin, sawAllGaps: late.Length < limit);
            if (positions.Length > 0)
            {
                var batch = _chain.Count + 1L;
                Gaps.Record(batch, _xid);
                _chain.Add((batch, _xid++, [.. opened], positions));
                Read.AddRange(positions);
            }
        }

        // The same as load_gaps.sql.
        private void Restart()
        {
            if (_chain.Count == 0)
            {
                Gaps = new GapTracker(0, []);
                return;
            }

            var from = Gaps.OldestBatch(_chain[^1].Batch);
            var rows = _chain.Where(row => row.Batch >= from).ToArray();
            var published = rows.SelectMany(row => row.Positions).ToHashSet();
            var open =
                from row in rows
                from gap in row.Opened
                from position in Enumerable.Range((int)gap.First, (int)(gap.Last - gap.First + 1))
                where !published.Contains(position)
                orderby position
                select new GapTracker.Gap(position, position, row.Xid, row.Batch);
            Gaps = new GapTracker(_chain.SelectMany(row => row.Positions).Max(), open);
        }
    }
}
