-- The newest position in the outbox and the highest that the relay has seen: two index lookups.
select
    coalesce((select position from bus.outbox order by position desc limit 1), 0),
    coalesce((select highest from bus.relay_batch order by ms desc limit 1), 0)
