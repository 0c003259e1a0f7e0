-- Records an action before it begins. $1 name of the caller, $2 id of its key, $3 owner, $4 service, $5 action, $6 target.
insert into access.actions (by_name, by_key, owner, service, action, target) values ($1, $2, $3, $4, $5, $6) returning id
