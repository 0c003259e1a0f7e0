-- A group's redriven letters above number $3 that have not settled, in order, at most $4: number, entry, where it was added on the redrive stream, and whether the inbox covers it again.
select letter.number, letter.entry, letter.redrive_entry,
    exists (select from bus.inbox i where i.stream = letter.stream and i."group" = letter."group" and i.entries @> letter.entry)
from bus.dead_letters as letter
where letter.stream = $1 and letter."group" = $2 and letter.state = 'redriven' and letter.settled_at is null and letter.number > $3
order by letter.number
limit $4
