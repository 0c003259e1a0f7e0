-- Makes due what failed or was cancelled at an endpoint, its schedule begun anew.
-- $1 endpoint, $2 only what was recorded since then, $3 only what ended until then, $4 at most so many.
update webhooks.deliveries
set state = 'pending', attempts = 0, due_at = now(), claim = null, finished_at = null
where id in (
    select id
    from webhooks.deliveries
    where endpoint_id = $1 and state in ('failed', 'cancelled') and created_at >= $2 and finished_at <= $3
    order by created_at
    limit $4
    for update);
