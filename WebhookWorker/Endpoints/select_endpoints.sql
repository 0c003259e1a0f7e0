-- Endpoints of an owner with their health, newest first. $1 owner, or null for all,
-- $2 only this one, or null, $3 only those before this id, or null, $4 at most so many.
select e.id, e.url, e.event_types, e.enabled, e.disabled_because, e.description, e.created_at, e.updated_at,
       h.consecutive_failures, h.failing_since, h.last_success_at, h.last_failure_at, h.last_error,
       e.awaits_verification, e.verified_at, e.verification_error, e.owner
from webhooks.endpoints e
left join webhooks.endpoint_health h on h.endpoint_id = e.id
where ($1::text is null or e.owner = $1) and e.deleted_at is null and ($2::uuid is null or e.id = $2) and ($3::uuid is null or e.id < $3)
order by e.id desc
limit $4;
