-- Changes an endpoint. Enabling it, or giving it another URL, forgives it its past. $1 id, $2 url, $3 description, $4 event types, $5 enabled.
with before as (
    select id, url, enabled from webhooks.endpoints where id = $1 and deleted_at is null for update
),
forgiven as (
    delete from webhooks.endpoint_health h using before b where h.endpoint_id = b.id and ((not b.enabled and $5) or b.url <> $2)
)
update webhooks.endpoints e
set url = $2, description = $3, event_types = $4, enabled = $5, updated_at = now(),
    disabled_because = case when $5 then null when b.enabled then 'by request' else e.disabled_because end
from before b
where e.id = b.id;
