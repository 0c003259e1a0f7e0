-- How the outbox of stream $1 stands: its rows, the live events of the whole chain of batches, those of them that retention has removed, the id before the oldest batch that is kept, the last live entry of the
-- chain, the last entry below its two newest batches. No row where no outbox feeds the stream.
select
    (select count(*) from bus.outbox),
    coalesce((select total from bus.relay_batch order by ms desc limit 1), 0),
    coalesce((select total - live_count from bus.relay_batch order by ms limit 1), 0),
    coalesce((select (ms << 20) - 1 from bus.relay_batch order by ms limit 1), 0),
    coalesce((select (ms << 20) + live_count - 1 from bus.relay_batch where live_count > 0 order by ms desc limit 1), 0),
    coalesce((select (ms << 20) - 1 from bus.relay_batch order by ms desc offset 1 limit 1), 0)
from bus.outbox_stream where stream = $1
