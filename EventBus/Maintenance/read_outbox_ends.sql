-- The lowest and the highest position of the outbox, 0 where it is empty, and when the lowest was written.
select coalesce(oldest.position, 0) as oldest, oldest.created_at as oldest_at, coalesce(newest.position, 0) as newest
from (select) as one
left join (select position, created_at from bus.outbox_0 order by position limit 1) as oldest on true
left join (select position from bus.outbox_0 order by position desc limit 1) as newest on true
