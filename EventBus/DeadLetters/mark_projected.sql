-- Says that the dead letter's entry is no longer pending and stands on the DLQ stream.
update bus.dead_letters set projected_at = now() where number = $1 and projected_at is null
