-- How many events the outbox has published at or below each of the ids $1, in their order; below the oldest batch that is kept, how many were published before that one.
select coalesce(
    batch.total - batch.live_count
    + case when batch.ms = id.entry >> 20 then least((id.entry & 1048575) + 1, batch.live_count) else batch.live_count end,
    (select total - live_count from bus.relay_batch order by ms limit 1),
    0)
from unnest($1::int8[]) with ordinality as id (entry, number)
left join lateral (
    select ms, total, live_count from bus.relay_batch where ms <= id.entry >> 20 order by ms desc limit 1
) as batch on true
order by id.number
