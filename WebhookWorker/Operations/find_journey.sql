-- The effects of the events about a subject ($1) and the deliveries of each, at most $2, in the order in which they were recorded.
select v.id as event, v.effected_at, d.id, e.url, d.state, d.claim is not null and d.due_at > now() as in_flight, d.attempts, d.due_at, d.finished_at,
       d.last_status, d.last_error, v.traceparent
from webhooks.events v
left join webhooks.deliveries d on d.event = v.id
left join webhooks.endpoints e on e.id = d.endpoint_id
where v.subject = $1
order by v.id, d.id
limit $2
