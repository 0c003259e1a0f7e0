-- Deletes ranges of group $1 at or below its done_through: what was delivered once more, after the raise that deleted the first range.
delete from bus.inbox using bus.consumer_group as g
where g.id = $1 and group_id = g.id and positions << int8range(g.done_through + 1, null)
