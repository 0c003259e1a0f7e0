-- Where a group stands: everything at or below the checkpoint is done, dead-lettered, or before its start. And whether the stream is written without an outbox.
select checkpoint, exists (select from bus.direct_stream where stream = $1)
from bus.consumer_group where stream = $1 and name = $2
