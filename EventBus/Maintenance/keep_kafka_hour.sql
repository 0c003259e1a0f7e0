-- Keeps the highest of each measure of the hour of $2; forgets what is older than $6.
with forgotten as (
    delete from bus.kafka_trigger_hour where stream = $1 and hour < $6
)
insert into bus.kafka_trigger_hour as kept (stream, hour, rate, retention, groups)
values ($1, date_trunc('hour', $2::timestamptz, 'UTC'), $3, $4, $5)
on conflict (stream, hour) do update
set
    rate = greatest(kept.rate, excluded.rate),
    retention = greatest(kept.retention, excluded.retention),
    groups = greatest(kept.groups, excluded.groups)
