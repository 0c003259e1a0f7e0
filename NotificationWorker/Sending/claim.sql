-- Claims due mails for one dispatcher: they stay its own until the lease ends. $1 at most so many, $2 lease, $3 claim token.
update notifications.emails
set due_at = now() + $2, claim = $3
where id in (
    select id
    from notifications.emails
    where state = 'pending' and due_at <= now()
    order by due_at
    limit $1
    for update skip locked)
returning id, event_id, attempts, placed, traceparent, tracestate, created_at;
