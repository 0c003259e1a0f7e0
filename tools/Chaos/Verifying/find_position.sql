-- The highest position of the outbox; 0 where it is empty.
select coalesce(max(position), 0) from bus.outbox
