-- Marks those of the dead letters $2 as discarded by $3 that nobody has decided about. Comes back with their numbers and groups.
with dead as (
    select number from bus.dead_letters
    where stream = $1 and number = any($2) and state = 'dead'
    order by number
    for update
)
update bus.dead_letters as letter
set state = 'discarded', state_changed_at = now(), state_changed_by = $3
from dead
where letter.number = dead.number
returning letter.number, letter."group"
