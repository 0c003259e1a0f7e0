-- The group's inbox ranges that touch the ids from $3 up to but not including $4; at most $5, in no order.
select lower(entries), upper(entries)
from bus.inbox
where stream = $1 and "group" = $2 and entries && int8range($3, $4)
limit $5
