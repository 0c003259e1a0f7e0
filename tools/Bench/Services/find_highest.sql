-- The highest position in the outbox.
select coalesce(max(position), 0) from bus.outbox
