-- The events of the outbox at the positions $1.
select position, id from bus.outbox_0 where position = any($1)
