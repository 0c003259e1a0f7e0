-- Forgets what is older than 150 steps of the history of stream $1 and its groups, and workers that were not seen for a day.
with stream as (
    delete from bus.stream_history where stream = $1 and slot < now() - 150 * step
),
groups as (
    delete from bus.group_history h using bus.consumer_group g where g.stream = $1 and h.group_id = g.id and h.slot < now() - 150 * h.step
)
delete from bus.worker w using bus.consumer_group g where g.stream = $1 and w.group_id = g.id and w.seen_at < now() - interval '1 day'
