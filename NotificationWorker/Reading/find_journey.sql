-- The mails about a subject ($1), at most $2, in the order in which they were recorded.
select id, created_at, recipient, state, claim is not null and due_at > now() as in_flight, attempts, due_at, finished_at, last_error, traceparent
from notifications.emails
where subject = $1
order by id
limit $2
