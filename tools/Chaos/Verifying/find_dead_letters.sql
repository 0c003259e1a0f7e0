-- The dead letters of stream $1: group, entry, subject, error, whether the DLQ stream has it.
select "group", entry, subject, error, projected_at is not null from bus.dead_letters where stream = $1 and state = 'dead'
