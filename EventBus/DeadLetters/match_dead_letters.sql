-- Dead letters that match a filter (null = any), oldest first, above number $10 and not above $11; at most $12.
select number, "group", projected_at is not null
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
    and number > $10 and number <= $11
order by number
limit $12
