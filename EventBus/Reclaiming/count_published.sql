-- How many events the outbox has published so far; no row where none.
select total from bus.relay_batch order by ms desc limit 1
