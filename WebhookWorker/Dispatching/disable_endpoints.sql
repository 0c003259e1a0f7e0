-- Disables endpoints that said 410 Gone, and endpoints that failed without one success for too long. A changed URL is another receiver: 410 from the old one says nothing about it.
-- $1 endpoints that are gone, $2 their URLs at the time, $3 endpoints that failed just now, $4 how long is too long.
with doomed as (
    select g.id, 'gone: the receiver answered 410' as because
    from unnest($1, $2) as g(id, url)
    join webhooks.endpoints e on e.id = g.id and e.url = g.url
    union all
    select h.endpoint_id, 'failing: no attempt has succeeded since ' || to_char(h.failing_since at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
    from webhooks.endpoint_health h
    where h.endpoint_id = any ($3) and h.failing_since < now() - $4
)
update webhooks.endpoints e
set enabled = false, disabled_because = d.because, updated_at = now()
from doomed d
where e.id = d.id and e.enabled
returning e.id, e.disabled_because;
