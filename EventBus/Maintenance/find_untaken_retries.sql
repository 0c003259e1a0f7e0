-- Retry rows of group $1 whose position it has not taken: position, id, subject.
select r.position, r.id, r.subject
from bus.retry r
join bus.consumer_group g on g.id = r.group_id
where r.group_id = $1 and r.position > g.done_through
    and not exists (select from bus.inbox i where i.group_id = r.group_id and i.positions @> r.position)
order by r.position
