-- Keeps a sample of stream $1 in its history: published $2, backlog $3, length $4; and of its groups $5: lag $6, seconds of lag $7, pending $8, waiting $9, dead $10.
-- In the order of the groups and steps, as the workers write it: two of these at once do not deadlock.
with stream as (
    insert into bus.stream_history as kept (stream, step, slot, sampled_at, published, backlog, length)
    select $1, step, date_bin(step, now(), timestamptz 'epoch'), now(), $2, $3, $4
    from bus.history_steps() as step
    order by step
    on conflict (stream, step, slot) do update
    set
        sampled_at = excluded.sampled_at,
        published = excluded.published,
        backlog = greatest(kept.backlog, excluded.backlog),
        length = greatest(kept.length, excluded.length)
)
insert into bus.group_history as kept (group_id, step, slot, lag, lag_seconds, pending, waiting, dead)
select g.id, step, date_bin(step, now(), timestamptz 'epoch'), sample.lag, sample.seconds, sample.pending, sample.waiting, sample.dead
from unnest($5::text[], $6::int8[], $7::float8[], $8::int8[], $9::int8[], $10::int8[]) as sample (name, lag, seconds, pending, waiting, dead)
join bus.consumer_group g on g.stream = $1 and g.name = sample.name
cross join bus.history_steps() as step
order by g.id, step
on conflict (group_id, step, slot) do update
set
    lag = greatest(kept.lag, excluded.lag),
    lag_seconds = greatest(kept.lag_seconds, excluded.lag_seconds),
    pending = greatest(kept.pending, excluded.pending),
    waiting = greatest(kept.waiting, excluded.waiting),
    dead = greatest(kept.dead, excluded.dead)
