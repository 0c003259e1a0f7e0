-- The events of stream $1 with a subject of $2, above position $3, at most $4.
select position, data from bus.outbox where stream = $1 and subject = any ($2) and position > $3 order by position limit $4
