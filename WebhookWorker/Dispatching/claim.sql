-- Claims due deliveries for one dispatcher: they stay its own until the lease ends.
-- $1 endpoints, $2 how many attempts are under way to each here, $3 how many there may be, $4 free slots for those beyond the first of each endpoint,
-- $5 lease, $6 claim token. An endpoint that $1 does not name may have one attempt.
-- Each endpoint always gets its first, whatever the others do; of the rest, endpoints with the fewest go first.
-- An endpoint that asked for rest has it. One whose URL is not verified waits.
with open_endpoint as (
    select e.id, coalesce(b.attempts, 0) as busy, coalesce(b.slots, 1) as slots
    from webhooks.endpoints e
    left join webhooks.endpoint_health h on h.endpoint_id = e.id
    left join unnest($1, $2, $3) as b(id, attempts, slots) on b.id = e.id
    where e.enabled and e.deleted_at is null and not e.awaits_verification and (h.resting_until is null or h.resting_until <= now()) and coalesce(b.attempts < b.slots, true)
),
due as (
    select d.id, d.due_at, o.busy + row_number() over (partition by o.id order by d.due_at) as turn
    from open_endpoint o
    cross join lateral (
        select id, due_at
        from webhooks.deliveries
        where endpoint_id = o.id and state = 'pending' and due_at <= now()
        order by due_at
        limit o.slots - o.busy
        for update skip locked
    ) d
),
mine as (
    select id from due where turn = 1
    union all
    (select id from due where turn > 1 order by turn, due_at limit greatest($4, 0))
)
update webhooks.deliveries d
set due_at = now() + $5, claim = $6
from mine m, webhooks.events v, webhooks.endpoints e
where d.id = m.id and v.id = d.event and e.id = d.endpoint_id
returning d.id, d.endpoint_id, d.attempts, v.event_id, v.type, v.payload, v.traceparent, v.tracestate, v.effected_at,
          e.url, e.encrypted_secret, case when e.previous_secret_until > now() then e.encrypted_previous_secret end,
          coalesce((select consecutive_failures from webhooks.endpoint_health h where h.endpoint_id = e.id), 0);
