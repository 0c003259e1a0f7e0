-- One dead letter with all that is known of it.
select number, "group", entry, event_id, type, subject, time, consumer, deliveries, error, dead_lettered_at, state, state_changed_at, state_changed_by, settled_at,
    source, fields::text, projected_at is not null
from bus.dead_letters
where stream = $1 and number = $2
