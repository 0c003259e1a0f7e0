-- How many deliveries of what had taken effect before the inboxes of all groups have stopped.
select coalesce(sum(duplicates_prevented), 0)::bigint from bus.consumer_group
