-- Dead letters that match a filter (null = any), newest first, below number $10; at most $11.
select number, "group", entry, event_id, type, subject, time, consumer, deliveries, error, dead_lettered_at, state, state_changed_at, state_changed_by, settled_at
from bus.dead_letters
where stream = $1
    and ($2::text is null or "group" = $2)
    and ($3::text is null or state = $3)
    and ($4::text is null or type = $4)
    and ($5::text is null or subject = $5)
    and ($6::text is null or strpos(lower(error), lower($6)) > 0)
    and ($7::timestamptz is null or dead_lettered_at >= $7)
    and ($8::timestamptz is null or dead_lettered_at < $8)
    and ($9::int8[] is null or number = any($9))
    and number < $10
order by number desc
limit $11
