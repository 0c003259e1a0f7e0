-- A full history of stream $1 and its groups: 150 samples of each step.
with slots as (
    select step, date_bin(step, now(), timestamptz 'epoch') - n * step as slot, n
    from bus.history_steps() as step
    cross join generate_series(0, 149) as n
),
stream as (
    insert into bus.stream_history (stream, step, slot, sampled_at, published, backlog, length)
    select $1, step, slot, slot, 1000000 - n, n, 1000000 from slots
    on conflict do nothing
)
insert into bus.group_history (group_id, step, slot, lag, lag_seconds, pending, waiting, dead, finished, delays)
select g.id, step, slot, n, n, n, n, n, 100000, array(select n + i from generate_series(1, $2) as i)
from slots
cross join bus.consumer_group g
where g.stream = $1
on conflict do nothing
