-- One dead letter, as it is to stand on the DLQ stream.
select stream, "group", entry, redrive_id, fields::text, consumer, deliveries, error, dead_lettered_at
from bus.dead_letters where number = $1
