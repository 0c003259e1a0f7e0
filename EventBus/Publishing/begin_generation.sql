-- Begins generation $2 of stream $1 with outbox id $3, if it is still in generation $5 with outbox $4. The outboxes $6 were its own before.
update bus.stream set
    generation = $2, outbox = $3, earlier_outboxes = earlier_outboxes || $6,
    published = (select coalesce(min(done_through), 0) from bus.consumer_group where consumer_group.stream = $1), published_at = now()
where id = $1 and outbox = $4 and generation = $5
