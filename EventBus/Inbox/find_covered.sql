-- Of the positions $2, which lie from $3 to $4, those that lie in a range of group $1.
with taken as materialized (
    select range_agg(positions) as positions
    from bus.inbox
    where group_id = $1 and positions && int8range($3, $4, '[]')
)
select position
from unnest($2::int8[]) as position
cross join taken
where position <@ taken.positions
