-- Puts the first $3 events of stream $2 into the retry queue of group $1, due at once.
insert into bus.retry (group_id, position, id, type, source, subject, time, data, state, attempts, due_at, error)
select $1, position, id, type, source, subject, time, data, 'waiting', 1, now(), 'failed before' from bus.outbox where stream = $2 and position <= $3
