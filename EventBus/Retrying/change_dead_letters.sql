-- Makes what matches a filter (null = any) of the dead letters of stream $1 'waiting' (due now, without attempts) or 'discarded' ($3), by $11, as
-- part of change $13: at most $12, the lowest numbers first.
-- $2 group, $4 type, $5 subject, $6 error, $7 from, $8 until, $9 numbers, $10 kind
-- What is no event of the outbox has no position and is not redriven. With a limit it is passed over, as is what this change has changed and has
-- failed again since: both would fill every step.
-- Rows are locked in order, and looked at again once they are locked: two of these at once change a row once, and do not deadlock.
-- Answers with a row for each group: its name, how many were changed, how many were left out, and when.
with chosen as materialized (
    select number, group_id, position is not null or $3 <> 'waiting' as is_changeable
    from bus.retry
    where group_id = any(array(select id from bus.consumer_group where stream = $1 and ($2::text is null or name = $2)))
        and state = 'dead' and state <> 'waiting'
        and ($4::text is null or type = $4)
        and ($5::text is null or subject = $5)
        and ($6::text is null or strpos(lower(error collate "C"), lower($6 collate "C")) > 0)
        and ($7::timestamptz is null or coalesce(failed_at, created_at) >= $7)
        and ($8::timestamptz is null or coalesce(failed_at, created_at) < $8)
        and ($9::int8[] is null or number = any($9))
        and ($10::text is null or kind = $10)
        and ($12::int is null or position is not null or $3 <> 'waiting')
        and ($12::int is null or change is distinct from $13)
    order by number
    limit $12
    for update
), changed as (
    update bus.retry
    set
        state = $3,
        attempts = case $3 when 'waiting' then 0 else attempts end,
        due_at = clock_timestamp(),
        changed_by = $11,
        changed_at = now(),
        change = $13
    where number = any(array(select number from chosen where is_changeable))
    returning group_id
)
select
    g.name as "group",
    (select count(*) from changed where group_id = g.id)::int as changed,
    (select count(*) from chosen where group_id = g.id and not is_changeable)::int as left_out,
    now() as changed_at
from bus.consumer_group g
where g.stream = $1
