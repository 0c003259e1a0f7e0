-- Claims due deliveries for one dispatcher: they stay its own until the lease ends. Endpoints with the fewest attempts under way go first, so that none starves.
-- $1 endpoints with attempts under way here, $2 how many each, $3 attempts at once to one endpoint, $4 free slots in all, $5 lease, $6 claim token.
-- An endpoint that keeps failing is tried with one delivery at a time; one that asked for rest has it.
with open_endpoint as (
    select e.id,
           coalesce(b.attempts, 0) as busy,
           case when h.consecutive_failures >= 3 then 1 else $3 end as slots
    from webhooks.endpoints e
    left join webhooks.endpoint_health h on h.endpoint_id = e.id
    left join unnest($1, $2) as b(id, attempts) on b.id = e.id
    where e.enabled and e.deleted_at is null and (h.resting_until is null or h.resting_until <= now())
),
due as (
    select d.id, d.due_at, o.busy + row_number() over (partition by o.id order by d.due_at) as turn
    from open_endpoint o
    cross join lateral (
        select id, due_at
        from webhooks.deliveries
        where endpoint_id = o.id and state = 'pending' and due_at <= now()
        order by due_at
        limit greatest(o.slots - o.busy, 0)
        for update skip locked
    ) d
),
mine as (
    select id from due order by turn, due_at limit $4
)
update webhooks.deliveries d
set due_at = now() + $5, claim = $6
from mine m, webhooks.events v, webhooks.endpoints e
where d.id = m.id and v.id = d.event and e.id = d.endpoint_id
returning d.id, d.endpoint_id, d.attempts, v.event_id, v.type, v.payload, v.traceparent, v.tracestate, v.effected_at,
          e.url, e.secret, case when e.previous_secret_until > now() then e.previous_secret end,
          coalesce((select consecutive_failures from webhooks.endpoint_health h where h.endpoint_id = e.id), 0);
