-- Writes how process $2, which started at $3, runs group $1: with $4 lanes, which do not work for reason $5, stopped ($6), at a rate of $7.
-- Answers whether the group is paused; nothing where it is no longer registered.
with worker as (
    insert into bus.worker (group_id, name, started_at, lanes, reason, stopped, rate)
    select id, $2, $3, $4, $5, $6, $7 from bus.consumer_group where id = $1
    on conflict (group_id, name) do update
    set
        started_at = excluded.started_at,
        seen_at = excluded.seen_at,
        lanes = excluded.lanes,
        reason = excluded.reason,
        stopped = excluded.stopped,
        rate = excluded.rate
)
select paused_at, paused_by from bus.consumer_group where id = $1
