-- Dead letters of group $2 on stream $1, of entries above id $3 and up to $4, that are of no event, though the chain has given their ids to events: at most $5, in order. Number, entry, fields.
select letter.number, letter.entry, letter.fields::text
from bus.dead_letters letter
join bus.relay_batch batch on batch.ms = letter.entry >> 20 and letter.entry & 1048575 < batch.live_count
where letter.stream = $1 and letter."group" = $2 and letter.state = 'dead' and letter.projected_at is not null and letter.entry > $3 and letter.entry <= $4 and letter.event_id is null
order by letter.entry
limit $5
