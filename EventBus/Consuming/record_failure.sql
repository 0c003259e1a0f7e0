-- Keeps why an entry failed the last time, for people and for the dead letter it may become.
insert into bus.failure (stream, "group", entry, deliveries, error)
values ($1, $2, $3, $4, $5)
on conflict (stream, "group", entry) do update
set deliveries = excluded.deliveries, error = excluded.error, failed_at = excluded.failed_at
