-- The totals of group $1, and its retry rows that have been due for more than 5 minutes: how many, and the type of one of them.
-- Like bus.group_progress, which counts for the groups of all streams.
with inbox as materialized (
    select positions
    from bus.inbox
    where group_id = $1
)
select
    g.done_through,
    (g.done_through_events + taken.count - retries.count)::int8 as done,
    retries.waiting,
    retries.dead_letters,
    retries.discarded,
    retries.overdue,
    retries.overdue_type
from bus.consumer_group g
cross join lateral (
    select coalesce(sum(upper(positions) - greatest(lower(positions), g.done_through + 1)), 0) as count
    from inbox
    where positions && int8range(g.done_through + 1, null)
) as taken
cross join lateral (
    select
        count(*) filter (where position is not null) as count,
        count(*) filter (where state = 'waiting') as waiting,
        count(*) filter (where state = 'dead') as dead_letters,
        count(*) filter (where state = 'discarded') as discarded,
        count(*) filter (where state = 'waiting' and due_at < now() - interval '5 minutes') as overdue,
        min(type) filter (where state = 'waiting' and due_at < now() - interval '5 minutes') as overdue_type
    from bus.retry
    where group_id = g.id
) as retries
where g.id = $1
