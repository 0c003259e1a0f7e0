-- The events that wait in the retry queues of stream $1, 100 at most: group, event with the reason.
select g.name, coalesce(r.position::text, r.entry_id, '') || ' (' || r.type || ', ' || r.attempts || ' attempts): ' || r.error
from bus.retry r
join bus.consumer_group g on g.id = r.group_id
join bus.stream s on s.id = g.stream
where s.name = $1 and r.state = 'waiting'
limit 100
