-- Notes that stream $1 carries events up to position $2, in generation $3 of outbox $4.
update bus.stream set published = $2, published_at = now() where id = $1 and outbox = $4 and generation = $3 and published < $2
