-- The processes that run group $2 of stream $1 and those seen in the last day, those that run first; one row of nulls where there is none.
select
    w.name,
    case
        when w.stopped then 'Stopped'
        when not w.runs then 'Gone'
        -- A worker that has not read of the pause yet still works, and so does one of an earlier version.
        when g.paused_at is not null and w.reason is not null then 'Paused'
        when w.reason is not null then 'Waiting'
        else 'Working'
    end as state,
    case when w.runs then w.reason end as reason,
    w.lanes,
    case when w.runs then w.rate else 0 end as rate,
    w.started_at,
    w.seen_at
from bus.consumer_group g
left join (
    select *, not stopped and seen_at > now() - interval '15 seconds' as runs from bus.worker
) as w on w.group_id = g.id and w.seen_at > now() - interval '1 day'
where g.stream = $1 and g.name = $2
order by w.runs desc, w.name
limit 1000
