-- Gives up mails that waited for as long as they may be kept, such as for a mail server that is away. What is being sent this moment is left to that.
-- $1 retention, $2 at most so many.
update notifications.emails
set state = 'failed', claim = null, finished_at = now(), last_error = coalesce(last_error, 'It waited for as long as it may be kept.')
where id in (
    select id
    from notifications.emails
    where state = 'pending' and created_at < now() - $1 and (claim is null or due_at <= now())
    order by due_at
    limit $2
    for update skip locked);
