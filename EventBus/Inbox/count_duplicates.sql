-- Counts deliveries whose effect had been committed before.
update bus.consumer_group set duplicates_prevented = duplicates_prevented + $3 where stream = $1 and name = $2
