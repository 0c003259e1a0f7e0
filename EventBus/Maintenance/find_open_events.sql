-- The events of the outbox that group $1 has not taken, in order: those above done_through that are in no range of its inbox. $2 is done_through.
with taken as materialized (
    select coalesce(range_agg(positions), '{}') as positions
    from bus.inbox
    where group_id = $1 and positions && int8range($2 + 1, null)
),
open as materialized (
    select range from taken cross join unnest(int8multirange(int8range($2 + 1, null)) - taken.positions) as range
)
select event.position, event.id, event.subject, event.created_at < now() - interval '1 minute' as is_old
from (select range from open order by lower(range)) as ordered
cross join lateral (
    select position, id, subject, created_at
    from bus.outbox_0
    where position >= lower(ordered.range) and (upper_inf(ordered.range) or position < upper(ordered.range))
) as event
order by event.position
