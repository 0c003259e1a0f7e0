-- How many dead letters of each group of a stream nobody has decided about.
select "group", count(*) from bus.dead_letters where stream = $1 and state = 'dead' group by "group"
