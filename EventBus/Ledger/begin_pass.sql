-- Begins a pass over group $2 of stream $1: takes the right to it on this session, and says how far the group is verified, its checkpoint, whether it began with all of the history, the trim floor, the last
-- live entry of the chain of batches, and the last entry below its two newest batches. No row where no outbox feeds the stream or the group is not registered; the first column is false where somebody else is at it.
with registered as (
    select g.stream, g.name, g.start, g.checkpoint, o.trim_floor
    from bus.consumer_group g join bus.outbox_stream o on o.stream = g.stream
    where g.stream = $1 and g.name = $2
)
select
    pg_try_advisory_lock(hashtextextended('fanout.ledger/' || $1 || '/' || $2, 0)),
    coalesce((select verified from bus.ledger where stream = $1 and "group" = $2), case registered.start when 'history' then 0 else registered.checkpoint end),
    registered.checkpoint,
    registered.start = 'history',
    registered.trim_floor,
    coalesce((select (ms << 20) + live_count - 1 from bus.relay_batch where live_count > 0 order by ms desc limit 1), 0),
    coalesce((select (ms << 20) - 1 from bus.relay_batch order by ms desc offset 1 limit 1), 0)
from registered
