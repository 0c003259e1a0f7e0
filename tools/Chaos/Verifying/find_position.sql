-- The highest position of the outbox; 0 if it is empty.
select coalesce(max(position), 0) from bus.outbox
