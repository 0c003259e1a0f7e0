-- Forgets endpoints that were deleted before the retention began and have no delivery left. $1 retention, $2 at most so many.
with forgotten as (
    delete from webhooks.endpoints
    where id in (
        select e.id
        from webhooks.endpoints e
        where e.deleted_at < now() - $1 and not exists (select from webhooks.deliveries d where d.endpoint_id = e.id)
        limit $2
        for update skip locked)
    returning id
)
delete from webhooks.endpoint_health h using forgotten f where h.endpoint_id = f.id;
