using CsCheck;
using FanOut.EventBus.Publishing;

namespace FanOut.EventBus.Tests.Publishing;

public sealed class GapTrackerTests
{
    /// <summary>
    /// Writers begin, draw positions, commit and roll back, the relay reads with small limits, appends in chunks and restarts, in any order: what was
    /// committed is read once, and nothing is given up that could still come.
    /// </summary>
    [Fact]
    public void Whatever_the_interleaving_each_committed_position_is_read_once() =>
        Gen.Select(Gen.Int[0, 9], Gen.Int[0, 1_000]).Array[0, 400].Sample(
            steps =>
            {
                var database = new Database();
                foreach (var (step, choice) in steps)
                {
                    database.Step(step, choice);
                }

                database.Finish();
                Assert.Equal(database.Committed, database.Read.Order());
                Assert.Empty(database.Gaps.Gaps);
                Assert.Empty(database.Kept);
            },
            iter: 3_000);

    [Fact]
    public void A_position_that_appears_after_it_was_given_up_would_be_missed()
    {
        // What the rule prevents: shown here so that the property above is known to be able to fail.
        var gaps = new GapTracker(0, []);
        gaps.Take([2]);
        gaps.Record(xid: 5);
        Assert.Equal(1, gaps.GiveUp([], xmin: 6, reached: long.MaxValue));
        Assert.Throws<InvalidOperationException>(() => gaps.Take([1]));
    }

    [Fact]
    public void A_read_that_stopped_at_its_limit_gives_up_nothing_above_its_last_row()
    {
        var gaps = new GapTracker(10, [new Gap(1, 3), new Gap(5, 8)]);
        gaps.Record(xid: 5);
        Assert.Equal(3, gaps.GiveUp([2, 6], xmin: 6, reached: 6));
        Assert.Equal([(2L, 2L), (6, 6), (7, 8)], gaps.Gaps.Select(gap => (gap.First, gap.Last)));
    }

    [Fact]
    public void What_every_group_has_taken_is_forgotten()
    {
        var gaps = new GapTracker(1_000, [new Gap(1, 3), new Gap(5, 700)], forgetThrough: 500);
        Assert.Equal([new Gap(501, 700)], gaps.Gaps);
        var (closed, changed) = gaps.TakeChanges();
        Assert.Equal([1L, 5], closed.Order());
        Assert.Equal([(501L, 700L)], changed);
        Assert.Equal(2_000, new GapTracker(1_000, [new Gap(1, 3)], forgetThrough: 2_000).Highest);
    }

    private sealed class Database
    {
        private readonly SortedDictionary<ulong, List<long>> _running = [];
        private ulong _xid = 1;
        private long _position = 1;
        private long _highest;

        public SortedSet<long> Committed { get; } = [];

        public List<long> Read { get; } = [];

        public GapTracker Gaps { get; private set; } = new(0, []);

        /// <summary>The hash beside the stream.</summary>
        public Dictionary<long, long> Kept { get; } = [];

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
                    Gaps = new GapTracker(_highest, Kept.Select(gap => new Gap(gap.Key, gap.Value)));
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

            // One read draws the xid, the next one gives up, and the last append tells what has changed.
            Relay(1_000);
            Relay(1_000);
            Keep();
        }

        // The same as RelaySession with read_outbox.sql and append.lua.
        private void Relay(int limit)
        {
            var xmin = _running.Count > 0 ? _running.Keys.First() : _xid;
            var needsXid = Gaps.NeedsXid;
            long[] page =
            [
                .. Committed
                    .Where(position => position > Gaps.Highest || Gaps.Gaps.Any(gap => gap.First <= position && position <= gap.Last))
                    .Take(limit),
            ];
            if (needsXid)
            {
                Gaps.Record(_xid++);
            }

            Gaps.GiveUp(page, xmin, page.Length == limit ? page[^1] : long.MaxValue);
            foreach (var chunk in page.Chunk(2))
            {
                Gaps.Take(chunk);
                Read.AddRange(chunk);
                Keep();
            }
        }

        private void Keep()
        {
            _highest = Gaps.Highest;
            var (closed, changed) = Gaps.TakeChanges();
            foreach (var first in closed)
            {
                Kept.Remove(first);
            }

            foreach (var (first, last) in changed)
            {
                Kept[first] = last;
            }
        }
    }
}
