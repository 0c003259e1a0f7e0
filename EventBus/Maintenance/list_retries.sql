-- Rows of the retry queue of group $1 that wait, next attempt first, after ($2 due time, $3 number), at most $4.
-- The indexes begin with the type: the lowest rows of each type are merged, of at most 1,000 types.
with recursive free (type) as (
    (select type from bus.retry where group_id = $1 and state = 'waiting' and claim is null order by type limit 1)
    union all
    select next.type
    from free
    cross join lateral (
        select type from bus.retry where group_id = $1 and state = 'waiting' and claim is null and type > free.type order by type limit 1
    ) as next
), claimed (type) as (
    (select type from bus.retry where group_id = $1 and state = 'waiting' and claim is not null order by type limit 1)
    union all
    select next.type
    from claimed
    cross join lateral (
        select type from bus.retry where group_id = $1 and state = 'waiting' and claim is not null and type > claimed.type order by type limit 1
    ) as next
)
select
    r.number, r.position, r.id, r.type, r.subject, r.attempts, r.error, r.due_at, r.created_at, r.claim is not null as is_claimed
from (
    select found.*
    from (select type from free limit 1000) as known
    cross join lateral (
        select * from bus.retry
        where group_id = $1 and type = known.type and state = 'waiting' and claim is null and due_at >= $2 and (due_at, number) > ($2, $3)
        order by due_at, number
        limit $4
    ) as found
    union all
    select found.*
    from (select type from claimed limit 1000) as known
    cross join lateral (
        select * from bus.retry
        where group_id = $1 and type = known.type and state = 'waiting' and claim is not null and due_at >= $2 and (due_at, number) > ($2, $3)
        order by due_at, number
        limit $4
    ) as found
) as r
order by r.due_at, r.number
limit $4
