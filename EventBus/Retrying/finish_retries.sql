-- Deletes the rows $2 of group $1, which are done and which this transaction has locked.
delete from bus.retry where number = any($2) and group_id = $1
