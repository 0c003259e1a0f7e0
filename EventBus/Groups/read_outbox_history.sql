-- Whose events stream $1 may carry.
select outbox, generation, earlier_outboxes from bus.stream where id = $1
