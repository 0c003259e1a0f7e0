-- The kinds of errors of the dead letters of stream $1 in state $3, most frequent first, at most $4. $2 group; null = any.
select
    k."group", k.type, k.kind, r.error as example, k.count, k.first_at, k.last_at
from (
    select g.name as "group", found.*
    from bus.consumer_group g
    cross join lateral (
        select
            type, kind, count(*) as count, max(number) as number,
            min(coalesce(failed_at, created_at)) as first_at, max(coalesce(failed_at, created_at)) as last_at
        from bus.retry
        where group_id = g.id and state = $3 and state <> 'waiting'
        group by kind, type
    ) as found
    where g.stream = $1 and ($2::text is null or g.name = $2)
    order by found.count desc, found.number desc
    limit $4
) as k
join bus.retry r on r.number = k.number
order by k.count desc, k.number desc
