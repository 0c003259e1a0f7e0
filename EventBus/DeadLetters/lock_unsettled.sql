-- Of the redriven letters $1, those that have not settled, are not covered by the inbox, and stand on the redrive stream where the caller thinks ($2, null = nowhere), locked for it to add them; what another
-- adds at this moment is left out. Comes back with number, entry and fields. An entry leaves the redrive stream only after its commit, so what was missed there and is not covered here is lost.
select letter.number, letter.entry, letter.fields::text
from bus.dead_letters as letter
join unnest($1::int8[], $2::text[]) as known (number, redrive_entry) on known.number = letter.number
where letter.state = 'redriven' and letter.settled_at is null and letter.redrive_entry is not distinct from known.redrive_entry
    and not exists (select from bus.inbox i where i.stream = letter.stream and i."group" = letter."group" and i.entries @> letter.entry)
order by letter.number
for update of letter skip locked
