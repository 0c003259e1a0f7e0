-- Deletes records of actions that are older than $1, at most $2 at a time.
delete from access.actions where id in (select id from access.actions where at < now() - $1 order by at limit $2)
