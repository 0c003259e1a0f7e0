-- What each group has done: events whose effect is committed, deliveries whose effect was not repeated, and dead letters that nobody has decided about.
-- Inbox ranges cover exactly the ids that were handled or dead-lettered, so their lengths count events.
create view bus.group_progress as
select
    g.stream,
    g.name as "group",
    (coalesce(inbox.covered, 0) - letters.covered)::bigint as events,
    g.duplicates_prevented,
    letters.dead as dead_letters
from bus.consumer_group g
left join lateral (
    select sum(upper(i.entries) - lower(i.entries)) as covered
    from bus.inbox i
    where i.stream = g.stream and i."group" = g.name
) as inbox on true
cross join lateral (
    select count(*) filter (where d.state in ('dead', 'discarded')) as covered, count(*) filter (where d.state = 'dead') as dead
    from bus.dead_letters d
    where d.stream = g.stream and d."group" = g.name
) as letters;
