-- Deletes those of the rows $3 of group $1 that claim $2 still has; answers with their numbers. They stay locked until the transaction ends.
delete from bus.retry where number = any($3) and group_id = $1 and claim = $2 and state = 'waiting' returning number
