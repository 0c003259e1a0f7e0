-- Counts $2 deliveries to group $1 whose effect had been committed before.
update bus.consumer_group set duplicates_prevented = duplicates_prevented + $2 where id = $1
