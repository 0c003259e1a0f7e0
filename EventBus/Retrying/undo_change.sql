-- Undoes change $2 of stream $1 by $3, if its last decision is at most $4 ago: what it discarded is dead again, and so is what it redrove and nobody
-- has claimed since, with the attempts that it had. A claim locks the row: it comes first and the row is left alone, or it finds the row dead.
-- Answers with how many are dead again, how many the change has (none where it is unknown or all of it is handled), and whether it was in time.
with members as materialized (
    select number, group_id, state, changed_at
    from bus.retry
    where change = $2 and group_id = any(array(select id from bus.consumer_group where stream = $1))
), found as (
    select count(*) as count, coalesce(max(changed_at) filter (where state <> 'dead') >= clock_timestamp() - $4, true) as is_in_time from members
), chosen as materialized (
    select number
    from bus.retry
    where number = any(array(select number from members where (select is_in_time from found)))
        and change = $2 and (state = 'discarded' or (state = 'waiting' and claim is null and attempts = 0))
    order by number
    for update
), changed as (
    update bus.retry
    set
        state = 'dead',
        attempts = case state when 'waiting' then coalesce((history -> -1 ->> 'attempts')::int, 0) else attempts end,
        due_at = coalesce(failed_at, created_at),
        changed_by = $3,
        changed_at = clock_timestamp()
    where number = any(array(select number from chosen))
    returning group_id
)
select
    g.name as "group",
    (select count(*) from changed where group_id = g.id)::int as restored,
    (select count from found)::int as found,
    (select is_in_time from found) as is_in_time
from bus.consumer_group g
where g.stream = $1
