-- How the groups of stream $1 stand in Postgres, by name. Positions at or below done_through cost nothing.
-- The oldest event that is not taken lies in one of the ranges that are open above done_through: most are numbers that rolled-back transactions drew.
-- They are looked at in order, until one has an event; at most 1,000.
with inbox as materialized (
    select group_id, positions
    from bus.inbox
    where group_id = any(array(select id from bus.consumer_group where stream = $1))
)
select
    g.name as "group",
    g.reclaim_after,
    g.done_through,
    greatest(highest.position - g.done_through - taken.count, 0) as not_taken,
    greatest(extract(epoch from clock_timestamp() - oldest.created_at), 0)::float8 as age,
    (select count(*) from bus.retry where group_id = g.id and state = 'waiting' and claim is null)
        + (select count(*) from bus.retry where group_id = g.id and state = 'waiting' and claim is not null) as waiting,
    (select count(*) from bus.retry where group_id = g.id and state = 'dead' and state <> 'waiting') as dead,
    g.paused_at,
    g.paused_by,
    workers.live_workers,
    workers.wait_reason,
    recent.rate,
    recent.delays
from bus.consumer_group g
cross join (select coalesce((select position from bus.outbox_0 order by position desc limit 1), 0) as position) as highest
cross join lateral (
    select count(*)::int as live_workers, case when bool_and(reason is not null) then min(reason) end as wait_reason
    from bus.worker
    where group_id = g.id and not stopped and seen_at > now() - interval '15 seconds'
) as workers
cross join lateral (
    select
        coalesce(sum(upper(positions) - greatest(lower(positions), g.done_through + 1)), 0)::int8 as count,
        coalesce(range_agg(positions), '{}') as ranges
    from inbox
    where group_id = g.id and positions && int8range(g.done_through + 1, null)
) as taken
left join lateral (
    select event.created_at
    from (
        select range
        from unnest(int8multirange(int8range(g.done_through + 1, greatest(highest.position, g.done_through) + 1)) - taken.ranges) as range
        order by lower(range)
        limit 1000
    ) as open
    cross join lateral (
        select created_at from bus.outbox_0 where position >= lower(open.range) and position < upper(open.range) order by position limit 1
    ) as event
    limit 1
) as oldest on true
left join lateral (
    -- The last six whole slots, and the one that has begun.
    select
        nullif(sum(finished), 0)::float8 / extract(epoch from now() - since)::float8 as rate,
        bus.sum_counts(delays) as delays
    from (select date_bin('10 seconds', now(), timestamptz 'epoch') - interval '1 minute' as since) as minute
    join bus.group_history on group_id = g.id and step = interval '10 seconds' and slot >= since
    group by since
) as recent on true
where g.stream = $1
order by g.name
