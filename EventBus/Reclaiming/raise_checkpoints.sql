-- Raises the checkpoints of the groups $2 to $3. A checkpoint never goes down: what was done once stays done, whatever Redis has lost since.
-- A row that a lane holds locked is left for the next time.
with held as (
    select g.stream, g.name, seen.checkpoint
    from unnest($2::text[], $3::int8[]) as seen (name, checkpoint)
    join bus.consumer_group g on g.stream = $1 and g.name = seen.name and g.checkpoint < seen.checkpoint
    for update of g skip locked
)
update bus.consumer_group g
set checkpoint = held.checkpoint
from held
where g.stream = held.stream and g.name = held.name and g.checkpoint < held.checkpoint
