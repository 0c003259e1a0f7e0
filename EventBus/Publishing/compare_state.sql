-- What the database of stream $1 says of the state beside the stream, whose event has position $2 and id $3.
select
    stream.outbox, stream.generation, stream.earlier_outboxes,
    current_setting('transaction_read_only')::bool as is_read_only, bus.server_started() as server_started,
    (select coalesce(min(done_through), 0) from bus.consumer_group where consumer_group.stream = $1) as lowest_done_through,
    coalesce((select position from bus.outbox_0 order by position desc limit 1), 0) as highest,
    exists (select from bus.outbox_0 where position = $2 and id = $3) as has_event
from bus.stream where stream.id = $1
