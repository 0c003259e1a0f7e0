-- The events of the outbox at positions $1 to $2.
select position, id from bus.outbox_0 where position between $1 and $2
