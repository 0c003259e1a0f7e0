-- Keeps under which ids ($2) the redriven letters $1 were added to the redrive stream.
update bus.dead_letters as letter
set redrive_entry = added.redrive_entry
from unnest($1::int8[], $2::text[]) as added (number, redrive_entry)
where letter.number = added.number
