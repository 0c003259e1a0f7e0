-- Deliveries, newest first; each filter may be null. $1 id, $2 endpoint, $3 state, $4 event id, $5 only those before this id, $6 at most so many.
select d.id, d.endpoint_id, v.event_id, v.type, v.subject, d.state, d.claim is not null and d.due_at > now(), d.attempts, d.created_at,
       case when d.state = 'pending' and (d.claim is null or d.due_at <= now()) then d.due_at end, d.last_attempt_at, d.finished_at, d.last_status, d.last_error
from webhooks.deliveries d
join webhooks.events v on v.id = d.event
where ($1::bigint is null or d.id = $1)
  and ($2::uuid is null or d.endpoint_id = $2)
  and ($3::text is null or d.state = $3)
  and ($4::uuid is null or v.event_id = $4)
  and ($5::bigint is null or d.id < $5)
order by d.id desc
limit $6;
