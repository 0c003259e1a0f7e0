-- The highest position whose event was written at $1 or before; 0 where there is none. A binary search: positions are in the order of created_at but
-- for transactions that ran side by side. Each step halves the positions above low, which is known to be of that time, and below high, which is not.
with recursive search (low, high) as (
    select coalesce((select position from bus.outbox_0 order by position limit 1), 1) - 1,
        coalesce((select position from bus.outbox_0 order by position desc limit 1), 0) + 1
    union all
    select
        case when event.created_at <= $1 then event.position else search.low end,
        case when event.created_at <= $1 then search.high else middle.position end
    from search
    cross join lateral (select (search.low + search.high) / 2 as position) as middle
    left join lateral (
        select position, created_at from bus.outbox_0 where position >= middle.position and position < search.high order by position limit 1
    ) as event on true
    where search.high - search.low > 1
)
select coalesce((select position from bus.outbox_0 where position <= (select max(low) from search) order by position desc limit 1), 0)
