-- The event at position $2 of stream $1.
select id, subject, created_at from bus.outbox where stream = $1 and position = $2
