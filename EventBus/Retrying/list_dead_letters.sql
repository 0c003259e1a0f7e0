-- Dead letters of stream $1 in state $3 that match a filter (null = any), newest first, below number $11, at most $12.
-- $2 group, $4 type, $5 subject, $6 error, $7 from, $8 until, $9 numbers, $10 kind
select
    g.name as "group", r.number, r.position, r.entry_id, r.id, r.type, r.subject, r.time, r.attempts, r.error,
    coalesce(r.failed_at, r.created_at) as dead_at, r.state, r.changed_at, r.changed_by, r.kind, r.change
from bus.retry r
join bus.consumer_group g on g.id = r.group_id
where g.stream = $1 and ($2::text is null or g.name = $2) and r.state = $3 and r.state <> 'waiting'
    and ($4::text is null or r.type = $4)
    and ($5::text is null or r.subject = $5)
    -- Only ASCII without regard to case: with all of Unicode it takes twice as long.
    and ($6::text is null or strpos(lower(r.error collate "C"), lower($6 collate "C")) > 0)
    and ($7::timestamptz is null or coalesce(r.failed_at, r.created_at) >= $7)
    and ($8::timestamptz is null or coalesce(r.failed_at, r.created_at) < $8)
    and ($9::int8[] is null or r.number = any($9))
    and ($10::text is null or r.kind = $10)
    and r.number < $11
order by r.number desc
limit $12
