-- Those of the subjects $2 that have an event of stream $1 which a group has not done: it is not taken, or it waits for a retry.
with taken as materialized (
    select group_id, range_agg(positions) as positions
    from bus.inbox
    where group_id = any(array(select id from bus.consumer_group where stream = $1))
    group by group_id
)
select distinct event.subject
from bus.consumer_group g
left join taken on taken.group_id = g.id
cross join lateral (
    select o.subject, o.position
    from bus.outbox o
    where o.stream = $1 and o.position > g.done_through and o.subject = any ($2)
) as event
where g.stream = $1 and (event.position <@ taken.positions) is not true
union
select r.subject
from bus.retry r
join bus.consumer_group g on g.id = r.group_id
where g.stream = $1 and r.state = 'waiting' and r.subject = any ($2)
