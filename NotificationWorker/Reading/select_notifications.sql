-- Mails, newest first; each filter may be null. $1 id, $2 state, $3 the event's subject, $4 only those before this id, $5 at most so many.
select id, event_id, subject, recipient, state, attempts, created_at,
       case when state = 'pending' and (claim is null or due_at <= now()) then due_at end, finished_at, last_error
from notifications.emails
where ($1::bigint is null or id = $1)
  and ($2::text is null or state = $2)
  and ($3::text is null or subject = $3)
  and ($4::bigint is null or id < $4)
order by id desc
limit $5;
