-- The queue of mails; at most $1 of each are counted, and of what ended in the last minute the latest $1.
with ended as materialized (
    select state, finished_at
    from notifications.emails
    where finished_at > now() - interval '1 minute'
    order by finished_at desc
    limit $1
)
select (select count(*) from (select from notifications.emails where state = 'pending' limit $1) p) as pending,
       (select count(*) from (
           select from notifications.emails where state = 'failed' and finished_at > now() - interval '24 hours' limit $1) f) as failed,
       coalesce((select greatest(extract(epoch from now() - min(due_at)), 0) from notifications.emails where state = 'pending'), 0)::float8 as overdue,
       count(*) filter (where state in ('sent', 'failed')) as ended_lately,
       count(*) filter (where state = 'failed') as failed_lately,
       case when count(*) < $1 then 60 else greatest(extract(epoch from now() - min(finished_at)), 0.001) end::float8 as seconds
from ended
