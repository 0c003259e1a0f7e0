-- Marks those of the dead letters $3 as redriven by $4 that nobody has decided about and whose entries have left the pending entries lists. Comes back with their numbers and entries.
with dead as (
    select number from bus.dead_letters
    where stream = $1 and "group" = $2 and number = any($3) and state = 'dead' and projected_at is not null
    order by number
    for update
)
update bus.dead_letters as letter
set state = 'redriven', state_changed_at = now(), state_changed_by = $4
from dead
where letter.number = dead.number
returning letter.number, letter.entry
