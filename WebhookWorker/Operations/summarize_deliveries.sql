-- The queue of deliveries; at most $1 of each are counted, and of what ended in the last minute the latest $1.
-- Pending and overdue are what endpoints that take webhooks wait for.
with busy as materialized (
    select e.id, d.oldest
    from webhooks.endpoints e
    cross join lateral (select min(due_at) as oldest from webhooks.deliveries where endpoint_id = e.id and state = 'pending') d
    where e.enabled and e.deleted_at is null and not e.awaits_verification and d.oldest is not null
),
ended as materialized (
    select state, finished_at
    from webhooks.deliveries
    where finished_at > now() - interval '1 minute'
    order by finished_at desc
    limit $1
)
select (select count(*) from (select from busy join webhooks.deliveries d on d.endpoint_id = busy.id and d.state = 'pending' limit $1) p) as pending,
       (select count(*) from (
           select from webhooks.deliveries where state = 'failed' and finished_at > now() - interval '24 hours' limit $1) f) as failed,
       coalesce((select greatest(extract(epoch from now() - min(oldest)), 0) from busy), 0)::float8 as overdue,
       count(*) filter (where state in ('delivered', 'failed')) as ended_lately,
       count(*) filter (where state = 'failed') as failed_lately,
       case when count(*) < $1 then 60 else greatest(extract(epoch from now() - min(finished_at)), 0.001) end::float8 as seconds
from ended
