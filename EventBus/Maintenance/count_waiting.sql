-- How many rows wait in the retry queue of group $1, counted up to $2.
select count(*)::int from (select from bus.retry where group_id = $1 and state = 'waiting' limit $2) as waiting
