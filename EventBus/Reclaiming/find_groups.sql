-- The registered groups of a stream, with what the reclaimer must know of each.
select name, checkpoint, max_deliveries, reclaim_after, lane_timeout
from bus.consumer_group
where stream = $1
order by name
