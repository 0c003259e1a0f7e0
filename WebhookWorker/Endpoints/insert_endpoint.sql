-- Creates an endpoint, unless there are as many as there may be: then it returns no row. Runs under the lock that makes two creations at once count each other.
-- $1 id, $2 url, $3 description, $4 event types, $5 enabled, $6 secret, $7 at most so many.
insert into webhooks.endpoints (id, url, description, event_types, enabled, secret)
select $1, $2, $3, $4, $5, $6
where (select count(*) from webhooks.endpoints where deleted_at is null) < $7
returning id;
