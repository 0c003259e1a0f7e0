-- Events of the outbox that no live entry id belongs to, in order: position, id, subject, whether it has waited for long, and how many there are in all. At most $1.
-- Long is when batches have gone past it for more than a minute, or when nothing has been published since it was made, more than a minute ago.
-- A batch whose last ids are dead has published only its first events; who replaced the others has published those.
with live as (
    select range from bus.relay_batch, unnest(positions) as range where live_count = event_count
    union all
    select int8range(position, position + 1)
    from (
        select place.position, batch.live_count, row_number() over (partition by batch.ms order by place.position) as number
        from bus.relay_batch batch, unnest(batch.positions) as range, generate_series(lower(range), upper(range) - 1) as place (position)
        where batch.live_count < batch.event_count
    ) as numbered
    where number <= live_count
), published as materialized (
    select coalesce(range_agg(range), '{}'::int8multirange) as positions from live
), waiting as materialized (
    select position, id, subject, time, count(*) over () as in_all
    from bus.outbox, published
    where not published.positions @> position
    order by position
    limit $1
)
select position, id, subject,
    newest.past_since < now() - interval '1 minute' or waiting.time > newest.fixed_at and waiting.time < now() - interval '1 minute',
    in_all
from waiting cross join lateral (
    select coalesce(max(fixed_at), '-infinity') as fixed_at, min(fixed_at) filter (where highest > waiting.position) as past_since from bus.relay_batch
) as newest
order by position
