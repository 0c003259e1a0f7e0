-- Endpoints with their health, newest first. $1 only this one, or null, $2 only those before this id, or null, $3 at most so many.
select e.id, e.url, e.event_types, e.enabled, e.disabled_because, e.description, e.created_at, e.updated_at,
       h.consecutive_failures, h.failing_since, h.last_success_at, h.last_failure_at, h.last_error
from webhooks.endpoints e
left join webhooks.endpoint_health h on h.endpoint_id = e.id
where e.deleted_at is null and ($1::uuid is null or e.id = $1) and ($2::uuid is null or e.id < $2)
order by e.id desc
limit $3;
