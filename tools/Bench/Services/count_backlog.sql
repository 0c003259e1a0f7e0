-- How many outbox positions are above the highest that the relay has fixed ids for.
select coalesce((select max(position) from bus.outbox), 0) - coalesce((select highest from bus.relay_batch order by ms desc limit 1), 0)
