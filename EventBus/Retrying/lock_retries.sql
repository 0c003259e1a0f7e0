-- Locks those of the rows $3 of group $1 that claim $2 still has, until the transaction ends; answers with their numbers.
select number from bus.retry where number = any($3) and group_id = $1 and claim = $2 and state = 'waiting' order by number for update
