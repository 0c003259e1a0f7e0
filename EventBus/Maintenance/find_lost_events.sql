-- The first $4 events at positions above $2 and up to $3 that group $1 has not taken. It walks over the holes between the inbox' ranges.
with taken as materialized (
    select greatest(lower(positions), $2 + 1) as first, least(upper(positions), $3 + 1) as past_last
    from bus.inbox
    where group_id = $1 and positions && int8range($2 + 1, $3 + 1)
),
hole as (
    select past_last as first, coalesce(lead(first) over (order by first, past_last), $3 + 1) as past_last
    from (select first, past_last from taken union all select $2 + 1, $2 + 1) as bound
)
select found.position, found.id, found.type
from (select first, past_last from hole where first < past_last order by first) as hole
cross join lateral (
    select position, id, type from bus.outbox_0
    where position > $2 and position <= $3 and position >= hole.first and position < hole.past_last
    order by position
    limit $4
) as found
limit $4
