-- Deliveries to the endpoints of an owner, or of all where it is null, newest first; each other filter may be null too.
-- $1 owner, $2 id, $3 endpoint, $4 state, $5 event id, $6 only those before this id, $7 at most so many.
select d.id, d.endpoint_id, v.event_id, v.type, v.subject, d.state, d.claim is not null and d.due_at > now(), d.attempts, d.created_at,
       case when d.state = 'pending' and (d.claim is null or d.due_at <= now()) then d.due_at end, d.last_attempt_at, d.finished_at, d.last_status, d.last_error,
       d.last_seconds
from webhooks.deliveries d
join webhooks.events v on v.id = d.event
join webhooks.endpoints e on e.id = d.endpoint_id
where ($1::text is null or e.owner = $1)
  and ($2::bigint is null or d.id = $2)
  and ($3::uuid is null or d.endpoint_id = $3)
  and ($4::text is null or d.state = $4)
  and ($5::uuid is null or v.event_id = $5)
  and ($6::bigint is null or d.id < $6)
order by d.id desc
limit $7;
