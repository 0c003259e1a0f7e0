-- How stream $1 stood in the steps of length $2 of the last $3. The rate is from the last sample of the step before to that of the step.
select slot, backlog, length, rate
from (
    select
        slot,
        backlog,
        length,
        case when lag(slot) over steps = slot - step then
            greatest(published - lag(published) over steps, 0) / extract(epoch from sampled_at - lag(sampled_at) over steps)::float8
        end as rate
    from bus.stream_history
    where stream = $1 and step = $2 and slot > now() - $3 - $2 and slot <= now() - interval '10 seconds'
    window steps as (order by slot)
) as points
where slot > now() - $3
order by slot
