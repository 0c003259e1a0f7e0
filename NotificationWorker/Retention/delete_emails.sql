-- Deletes mails that were finished before the retention began. $1 retention, $2 at most so many.
delete from notifications.emails
where id in (
    select id
    from notifications.emails
    where finished_at < now() - $1
    order by finished_at
    limit $2
    for update skip locked);
