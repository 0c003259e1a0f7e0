-- The gaps that are open, or were given up since batch $1 opened the oldest: each with its batch and that batch's xid.
with batch as materialized (select ms, xid, gaps, positions from bus.relay_batch where ms >= $1),
published as (select coalesce(range_agg(range), '{}'::int8multirange) as positions from batch, unnest(batch.positions) as range)
select batch.ms, batch.xid, lower(gap), upper(gap) - 1
from batch, published, unnest(batch.gaps - published.positions) as gap
where not isempty(batch.gaps)
order by 3
