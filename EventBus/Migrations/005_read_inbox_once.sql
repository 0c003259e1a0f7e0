-- Reads the inbox once a statement: Postgres loses entries of a GiST index that a statement scans more than once (docs/adr/0002-range-inbox.md).
comment on table bus.inbox is
    'Positions above done_through that a group has taken. Read it once a statement, as bus.group_progress does: where a statement scans its GiST index again and again (exists, lateral, a nested loop) while others write, Postgres may lose entries, and events take effect twice.';

create or replace view bus.group_progress as
with inbox as materialized (
    select group_id, positions
    from bus.inbox
)
select
    s.name as stream,
    g.name as "group",
    (g.done_through_events + taken.count - retries.count)::int8 as events,
    g.duplicates_prevented,
    retries.waiting,
    retries.dead as dead_letters
from bus.consumer_group g
join bus.stream s on s.id = g.stream
cross join lateral (
    -- A late redelivery may have left a range at or below done_through.
    select coalesce(sum(upper(i.positions) - greatest(lower(i.positions), g.done_through + 1)), 0) as count
    from inbox i where i.group_id = g.id and i.positions && int8range(g.done_through + 1, null)
) as taken
cross join lateral (
    select
        count(*) filter (where r.position is not null) as count,
        count(*) filter (where r.state = 'waiting') as waiting,
        count(*) filter (where r.state = 'dead') as dead
    from bus.retry r where r.group_id = g.id
) as retries;
