-- Enables or disables an endpoint of any account. Enabling it forgives it its past. $1 id, $2 whether enabled, $3 why it is disabled.
with before as (
    select id, enabled from webhooks.endpoints where id = $1 and deleted_at is null for update
),
forgiven as (
    delete from webhooks.endpoint_health h using before b where h.endpoint_id = b.id and not b.enabled and $2
)
update webhooks.endpoints e
set enabled = $2,
    disabled_because = case when $2 then null when b.enabled then $3 else e.disabled_because end,
    updated_at = case when b.enabled = $2 then e.updated_at else now() end
from before b
where e.id = b.id;
