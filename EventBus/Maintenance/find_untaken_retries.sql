-- Retry rows of group $1 whose position it has not taken: position, id, subject.
with taken as materialized (
    select range_agg(positions) as positions
    from bus.inbox
    where group_id = $1
)
select r.position, r.id, r.subject
from bus.retry r
join bus.consumer_group g on g.id = r.group_id
where r.group_id = $1 and r.position > g.done_through and (r.position <@ (select positions from taken)) is not true
order by r.position
