-- The kinds of errors of the dead letters of stream $1 in state $3, most frequent first, at most $4. $2 group; null = any.
select
    k."group", k.type, k.kind, r.error as example, k.count, k.first_at, k.last_at
from (
    select
        g.name as "group", r.type, r.kind, count(*) as count, max(r.number) as number,
        min(coalesce(r.failed_at, r.created_at)) as first_at, max(coalesce(r.failed_at, r.created_at)) as last_at
    from bus.retry r
    join bus.consumer_group g on g.id = r.group_id
    where g.stream = $1 and ($2::text is null or g.name = $2) and r.state = $3 and r.state <> 'waiting'
    group by g.name, r.type, r.kind
    order by count(*) desc, max(r.number) desc
    limit $4
) as k
join bus.retry r on r.number = k.number
order by k.count desc, k.number desc
