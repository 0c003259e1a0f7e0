-- Cancels what will not be sent any more: pending deliveries of deleted endpoints, and those that waited out their retention.
-- What is being sent this moment is left to that. $1 retention, $2 at most so many.
update webhooks.deliveries
set state = 'cancelled', claim = null, finished_at = now(), last_error = coalesce(last_error, 'It waited for as long as it may be kept.')
where id in (
    select d.id
    from webhooks.endpoints e
    cross join lateral (
        select id
        from webhooks.deliveries
        where endpoint_id = e.id and state = 'pending' and (claim is null or due_at <= now()) and (e.deleted_at is not null or created_at < now() - $1)
        order by due_at
        limit $2
        for update skip locked
    ) d
    limit $2);
