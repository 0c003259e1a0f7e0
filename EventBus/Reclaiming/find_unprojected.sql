-- A group's dead letters whose entries may still be pending in Redis, oldest first: their number, and the id the entry is pending under.
select number, entry, redrive_id
from bus.dead_letters
where stream = $1 and "group" = $2 and projected_at is null
order by number
limit $3
