-- Removes the oldest batches before $1, about $2 events at once, with their rows of the outbox: those whose ids were not used belong to the batch that replaced theirs, and stay until that one goes.
-- Comes back with how many batches and how many outbox rows were removed.
with near as materialized (
    select ms, positions, live_count, sum(event_count) over (order by ms) - event_count as before
    from (select * from bus.relay_batch where ms < $1 order by ms limit $2) as oldest
), doomed as materialized (
    select ms, positions, live_count from near where before < $2
), numbered as (
    select doomed.live_count, place.position, row_number() over (partition by doomed.ms order by place.position) as number
    from doomed, unnest(doomed.positions) as range, generate_series(lower(range), upper(range) - 1) as place (position)
), events as (
    delete from bus.outbox using numbered where outbox.position = numbered.position and numbered.number <= numbered.live_count returning 1
), batches as (
    delete from bus.relay_batch using doomed where relay_batch.ms = doomed.ms returning 1
)
select (select count(*) from batches), (select count(*) from events)
