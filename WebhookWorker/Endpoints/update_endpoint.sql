-- Changes an endpoint. Enabling it, or giving it another URL, forgives it its past. Another URL is not verified yet.
-- $1 owner, $2 id, $3 url, $4 description, $5 event types, $6 enabled, $7 whether another URL awaits verification.
with before as (
    select id, url, enabled from webhooks.endpoints where owner = $1 and id = $2 and deleted_at is null for update
),
forgiven as (
    delete from webhooks.endpoint_health h using before b where h.endpoint_id = b.id and ((not b.enabled and $6) or b.url <> $3)
)
update webhooks.endpoints e
set url = $3, description = $4, event_types = $5, enabled = $6, updated_at = now(),
    disabled_because = case when $6 then null when b.enabled then 'by request' else e.disabled_because end,
    awaits_verification = case when b.url <> $3 then $7 else e.awaits_verification end,
    verified_at = case when b.url = $3 then e.verified_at end,
    verification_error = case when b.url = $3 then e.verification_error end
from before b
where e.id = b.id
returning b.url <> $3 as is_other_url;
