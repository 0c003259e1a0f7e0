-- Compares what was published on stream $1 after id $3, up to $4, with what group $2 has done: batches of about $5 events at once.
-- Comes back with the last id that was compared (null: there is nothing to compare), whether there are further batches, and a row for each range of ids that are neither done nor dead-lettered, at most $6, in order.
with near as materialized (
    select ms, live_count from bus.relay_batch where ms >= $3 >> 20 and ms <= $4 >> 20 order by ms limit $5 + 1
), numbered as (
    select ms, greatest(ms << 20, $3 + 1) as low, least((ms << 20) + live_count, $4 + 1) as high, sum(live_count) over (order by ms) - live_count as before from near
), chosen as materialized (
    select ms, low, high from numbered where before < $5
), edge as (
    select max(high) filter (where low < high) - 1 as last, count(*) < (select count(*) from near) as more from chosen
), due as (
    select range_agg(int8range(low, high)) as ids from chosen where low < high
), done as (
    select coalesce(range_agg(entries), '{}'::int8multirange) as ids
    from bus.inbox where stream = $1 and "group" = $2 and entries && int8range($3 + 1, greatest((select last from edge), $3 + 1), '[]')
)
select edge.last, edge.more, lower(missing), upper(missing)
from edge
left join lateral (select range as missing from due, done, unnest(due.ids - done.ids) as range order by range limit $6) as lost on true
order by 3
