-- The last live id that the outbox has given, 0 where it has given none. No row where no outbox feeds stream $1.
select coalesce((select ms << 20 | live_count - 1 from bus.relay_batch where live_count > 0 order by ms desc limit 1), 0)
from bus.outbox_stream where stream = $1
