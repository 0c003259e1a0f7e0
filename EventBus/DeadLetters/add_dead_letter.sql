-- Makes an entry a dead letter, if nothing was decided about it: its inbox range excludes any other, so that an entry has its effect or is a dead letter, never both.
-- No row comes back where it was decided before.
with decided as (
    insert into bus.inbox (stream, "group", entries)
    values ($1, $2, int8range($3, $3 + 1))
    on conflict do nothing
    returning 1
), forgotten as (
    delete from bus.failure where stream = $1 and "group" = $2 and entry = $3
)
insert into bus.dead_letters (stream, "group", entry, redrive_id, event_id, type, source, subject, time, fields, consumer, deliveries, error)
select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13 from decided
returning number
