-- Deletes deliveries that were finished before the retention began. $1 retention, $2 at most so many.
delete from webhooks.deliveries
where id in (
    select id
    from webhooks.deliveries
    where finished_at < now() - $1
    order by finished_at
    limit $2
    for update skip locked);
