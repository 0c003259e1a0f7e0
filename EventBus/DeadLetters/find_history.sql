-- Every time the entry $3 became a dead letter of the group, oldest first; at most 100.
select number, "group", entry, event_id, type, subject, time, consumer, deliveries, error, dead_lettered_at, state, state_changed_at, state_changed_by, settled_at
from bus.dead_letters
where stream = $1 and "group" = $2 and entry = $3
order by number
limit 100
