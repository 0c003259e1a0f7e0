-- The totals of group $1, and its retry rows that have been due for more than 5 minutes: how many, and the type of one of them.
select
    g.done_through,
    p.events as done,
    p.waiting,
    p.dead_letters,
    (select count(*) from bus.retry where group_id = g.id and state = 'discarded' and state <> 'waiting') as discarded,
    overdue.count as overdue,
    overdue.type as overdue_type
from bus.consumer_group g
join bus.stream s on s.id = g.stream
join bus.group_progress p on p.stream = s.name and p."group" = g.name
cross join lateral (
    select count(*) as count, min(type) as type
    from bus.retry
    where group_id = g.id and state = 'waiting' and due_at < now() - interval '5 minutes'
) as overdue
where g.id = $1
