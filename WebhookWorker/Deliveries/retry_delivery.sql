-- Makes a delivery due now, its schedule begun anew. One that is being tried this moment is left to that. $1 owner, or null
-- for any, $2 id.
-- Returns whether the endpoint takes deliveries; no row: there is no such delivery.
with asked as (
    select d.id, e.enabled and e.deleted_at is null as open
    from webhooks.deliveries d
    join webhooks.endpoints e on e.id = d.endpoint_id
    where ($1::text is null or e.owner = $1) and d.id = $2
    for update of d
),
retried as (
    update webhooks.deliveries d
    set state = 'pending', attempts = 0, due_at = now(), claim = null, finished_at = null
    from asked a
    where d.id = a.id and a.open and not (d.state = 'pending' and d.claim is not null and d.due_at > now())
)
select open from asked;
