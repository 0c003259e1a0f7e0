-- Makes the groups $1 forget that they have taken positions up to $2.
delete from bus.inbox
where group_id = any(array(select id from bus.consumer_group where name = any($1))) and lower(positions) <= $2
