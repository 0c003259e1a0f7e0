-- Up to which id nobody needs an entry of stream $1 again: the trim floor, or the lowest checkpoint of its groups where that is higher.
select greatest(
    (select trim_floor from bus.outbox_stream),
    (select min(checkpoint) from bus.consumer_group where stream = $1))
