-- How the groups of stream $1 stand with position $2, by name: whether they have taken it, and its row in the retry queue.
with taken as materialized (
    select group_id
    from bus.inbox
    where positions @> $2
)
select
    g.name as "group",
    $2 <= g.done_through or g.id in (select group_id from taken) as is_taken,
    r.number, r.state, r.claim is not null and r.due_at > clock_timestamp() as is_claimed, r.attempts, r.error, r.due_at,
    case r.state when 'discarded' then r.changed_at else coalesce(r.failed_at, r.created_at) end as reached_at
from bus.consumer_group g
left join bus.retry r on r.group_id = g.id and r.position = $2
where g.stream = $1
order by g.name
