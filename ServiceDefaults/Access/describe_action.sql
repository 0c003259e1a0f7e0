-- Changes the target of an action that has not ended. $1 id, $2 target.
update access.actions set target = $2 where id = $1 and status is null
