-- Records how an action ended. $1 id, $2 HTTP status.
update access.actions set status = $2 where id = $1 and status is null
