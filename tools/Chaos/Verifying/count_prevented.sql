-- Counts the repeated deliveries that the inboxes of all groups have stopped.
select coalesce(sum(duplicates_prevented), 0)::bigint from bus.consumer_group
