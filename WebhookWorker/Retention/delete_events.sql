-- Deletes events from before the retention that have no delivery left. $1 retention, $2 at most so many.
delete from webhooks.events
where id in (
    select v.id
    from webhooks.events v
    where v.effected_at < now() - $1 and not exists (select from webhooks.deliveries d where d.event = v.id)
    order by v.effected_at
    limit $2
    for update skip locked);
