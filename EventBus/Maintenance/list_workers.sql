-- The processes that run group $2 of stream $1 and those seen in the last day, the last seen first; one row of nulls where there is none.
select
    w.name,
    case
        when w.stopped then 'Stopped'
        when w.seen_at < now() - interval '15 seconds' then 'Gone'
        when g.paused_at is not null then 'Paused'
        when w.reason is not null then 'Waiting'
        else 'Working'
    end as state,
    w.reason,
    w.lanes,
    w.rate,
    w.started_at,
    w.seen_at
from bus.consumer_group g
left join bus.worker w on w.group_id = g.id and w.seen_at > now() - interval '1 day'
where g.stream = $1 and g.name = $2
order by w.stopped or w.seen_at < now() - interval '15 seconds', w.name
limit 1000
