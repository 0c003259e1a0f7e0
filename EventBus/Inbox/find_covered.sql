-- Of the ids $3, those that lie in a range of the group.
select id from unnest($3::int8[]) as id
where exists (select from bus.inbox where stream = $1 and "group" = $2 and entries @> id)
