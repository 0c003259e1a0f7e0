-- Up to which id what was published on stream $1 is surely appended: below the two newest batches, for the relay appends one while it fixes the next. Null where no outbox feeds the stream.
select coalesce((select (ms << 20) - 1 from bus.relay_batch order by ms desc offset 1 limit 1), 0)
from bus.outbox_stream where stream = $1
