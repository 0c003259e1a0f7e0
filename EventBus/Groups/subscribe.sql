-- Says that workers of group $1 handle the types $2.
-- A type counts for an hour behind the group's last sign of life. So after a pause of all workers the types that counted before
-- are renewed with the first of them: the others may start a little later.
-- All in one insert, in order: two of these at once do not deadlock.
insert into bus.subscription (group_id, type)
select $1, type
from (
    select unnest($2::text[]) as type
    union
    select known.type
    from bus.subscription known, (select max(seen_at) as seen_at from bus.subscription where group_id = $1) as last
    where known.group_id = $1 and last.seen_at < now() - interval '10 minutes' and known.seen_at > last.seen_at - interval '1 hour'
) as types
order by type
on conflict (group_id, type) do update set seen_at = now()
