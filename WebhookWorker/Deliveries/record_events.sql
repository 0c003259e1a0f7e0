-- Takes a batch of events in, inside the batch's transaction: a row in events for each, and a delivery for each endpoint that wants its type. At a
-- disabled endpoint it is cancelled: it is not sent, but kept for the retention, and can be recovered.
-- $1 event ids, $2 types, $3 subjects, $4 payloads, $5 traceparents, $6 tracestates: arrays of one length, no event id twice.
with incoming as materialized (
    select * from unnest($1, $2, $3, $4, $5, $6) as i(event_id, type, subject, payload, traceparent, tracestate)
),
interest as materialized (
    select t.type, e.id as endpoint_id, e.enabled
    from (select distinct type from incoming) t
    join webhooks.endpoints e on e.deleted_at is null and (e.event_types = '{}' or t.type = any (e.event_types))
),
recorded as (
    insert into webhooks.events (event_id, type, subject, payload, traceparent, tracestate)
    select i.event_id, i.type, i.subject, case when i.type in (select type from interest) then i.payload end, i.traceparent, i.tracestate
    from incoming i
    returning id, type
)
insert into webhooks.deliveries (event, endpoint_id, state, finished_at, last_error)
select r.id, n.endpoint_id, o.state, o.finished_at, o.last_error
from recorded r
join interest n using (type)
cross join lateral (
    select 'pending' as state, null::timestamptz as finished_at, null::text as last_error where n.enabled
    union all
    select 'cancelled', now(), 'The endpoint was disabled.' where not n.enabled
) o;
