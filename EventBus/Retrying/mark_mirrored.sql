-- Says that the dead letters $1, as they failed at $2, are on the DLQ stream. One that was redriven and failed again meanwhile is not.
-- Without a wait for rows that somebody changes: those are mirrored again, or are dead no more.
update bus.retry
set mirrored = true
where number = any(array(
    select retry.number
    from bus.retry
    join unnest($1, $2) as done (number, dead_at) on done.number = retry.number and done.dead_at = coalesce(retry.failed_at, retry.created_at)
    where retry.state = 'dead'
    order by retry.number
    for update of retry skip locked))
