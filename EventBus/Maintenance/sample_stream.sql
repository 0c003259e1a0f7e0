-- The highest position in the outbox, and the highest that stream $1 has by the relay's record.
select
    coalesce((select position from bus.outbox_0 order by position desc limit 1), 0) as highest_position,
    coalesce((select published from bus.stream where id = $1), 0) as published
