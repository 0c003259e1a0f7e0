-- The registered groups of a stream with how many dead letters each has that nobody has decided about.
select g.name, g.checkpoint, g.lane_timeout, (
    select count(*) from bus.dead_letters d where d.stream = g.stream and d."group" = g.name and d.state = 'dead'
)
from bus.consumer_group g
where g.stream = $1
order by g.name
