-- Creates an endpoint, unless there are as many as there may be: then it returns no row. The lock makes two creations at once count each other.
-- $1 id, $2 url, $3 description, $4 event types, $5 enabled, $6 secret, $7 at most so many.
with turn as materialized (
    select pg_advisory_xact_lock(hashtextextended('webhooks.endpoints', 0))
)
insert into webhooks.endpoints (id, url, description, event_types, enabled, secret)
select $1, $2, $3, $4, $5, $6
from turn
where (select count(*) from webhooks.endpoints where deleted_at is null) < $7
returning id;
