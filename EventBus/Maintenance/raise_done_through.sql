-- Raises done_through of group $1 from $2 to just below the lowest position up to $3 that is committed and not taken, or to $3.
-- Deletes the ranges that are then at or below it. $4 and $5: the transaction and the server of a horizon at or above $3.
-- Answers: whether it is the horizon's server, whether the horizon is decided, how far it was raised (null = not at all), and how many
-- events that were.
-- All parts see one snapshot. Ranges never overlap; between two of them lies a hole, and where the outbox has no row in it, its writers
-- rolled back.
with horizon as materialized (
    select bus.server_started() = $5 as is_same_server, pg_snapshot_xmin(pg_current_snapshot()) > $4 as is_decided
),
taken as materialized (
    select greatest(lower(positions), $2 + 1) as first, least(upper(positions), $3 + 1) as past_last
    from bus.inbox
    where group_id = $1 and positions && int8range($2 + 1, $3 + 1)
),
hole as (
    select past_last as first, coalesce(lead(first) over (order by first, past_last), $3 + 1) as past_last
    from (select first, past_last from taken union all select $2 + 1, $2 + 1) as bound
),
missing as (
    select found.position
    from hole
    cross join lateral (
        -- The bounds twice: the constant ones choose the partitions before any is locked.
        select position from bus.outbox_0
        where position > $2 and position <= $3 and position >= hole.first and position < hole.past_last
        order by position
        limit 1
    ) as found
    where hole.first < hole.past_last
    order by hole.first
    limit 1
),
target as (
    select to_position as position, (
        select coalesce(sum(least(past_last, to_position + 1) - first), 0)::int8 from taken where first <= to_position) as events
    from coalesce((select position from missing) - 1, $3) as to_position
),
raised as (
    update bus.consumer_group
    set done_through = target.position, done_through_events = done_through_events + target.events
    from target, horizon
    -- From $2 exactly: the events between were counted from there.
    where id = $1 and done_through = $2 and target.position > $2 and is_same_server and is_decided
    returning done_through, target.events
),
deleted as (
    delete from bus.inbox using raised
    where group_id = $1 and positions && int8range($2 + 1, $3 + 1) and upper(positions) <= raised.done_through + 1
)
select is_same_server, is_decided, raised.done_through, raised.events from horizon left join raised on true
