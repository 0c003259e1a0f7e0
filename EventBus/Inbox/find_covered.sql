-- Of the positions $2, those that lie in a range of group $1.
select position from unnest($2::int8[]) as position
where exists (select from bus.inbox where group_id = $1 and positions @> position)
