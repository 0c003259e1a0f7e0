-- The registered groups of stream $1.
select id, name, done_through, max_deliveries, reclaim_after from bus.consumer_group where stream = $1 order by id
