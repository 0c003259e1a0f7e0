-- Counts how many of the subjects $2 have a dead letter of group $1.
select count(distinct subject) from bus.dead_letters where "group" = $1 and subject = any($2)
