-- How far stream $1 is published, and the highest committed position at or above $2, which is no partition's that was pruned.
select
    published,
    coalesce((select position from bus.outbox_0 where position >= $2 order by position desc limit 1), 0) as highest
from bus.stream where id = $1
