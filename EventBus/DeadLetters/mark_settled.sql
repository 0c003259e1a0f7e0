-- Says of the redriven letters $1 that their entries are covered by the inbox again.
update bus.dead_letters set settled_at = now() where number = any($1) and state = 'redriven' and settled_at is null
