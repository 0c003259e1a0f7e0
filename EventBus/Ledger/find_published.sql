-- The live entries of the chain of batches with ids above $1, up to $2: id, event, subject, in order; whole batches, about $3 events.
with near as (
    select ms, positions, live_count, sum(live_count) over (order by ms) - live_count as before
    from (select * from bus.relay_batch where ms > $1 >> 20 and ms <= $2 >> 20 order by ms limit $3) as batches
), numbered as (
    select near.ms, near.live_count, place.position, row_number() over (partition by near.ms order by place.position) - 1 as number
    from near, unnest(near.positions) as range, generate_series(lower(range), upper(range) - 1) as place (position)
    where near.before < $3
)
select (numbered.ms << 20) + numbered.number as entry, event.id, event.subject
from numbered left join bus.outbox event using (position)
where numbered.number < numbered.live_count
order by entry
