-- How many rows of the retry queue each group of stream $1 has: name, waiting, dead, discarded.
select
    g.name as "group",
    (select count(*) from bus.retry where group_id = g.id and state = 'waiting' and claim is null)
        + (select count(*) from bus.retry where group_id = g.id and state = 'waiting' and claim is not null) as waiting,
    (select count(*) from bus.retry where group_id = g.id and state = 'dead' and state <> 'waiting') as dead,
    (select count(*) from bus.retry where group_id = g.id and state = 'discarded' and state <> 'waiting') as discarded
from bus.consumer_group g
where g.stream = $1
order by g.name
