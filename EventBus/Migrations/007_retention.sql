-- How far each group's inbox has been compared with what was published, so that what nobody needs again can be removed.
create table bus.ledger (
    stream text not null,
    "group" text not null,
    -- Every event of the outbox at or below, after the group's start, is done or dead-lettered; what is redriven since does not count.
    verified int8 not null,
    -- Ids at or below are from before the group's start.
    not_due int8 not null default 0,
    -- Ids that the group's inbox ranges cover though they are no event's, less the events that were done and whose ranges were removed.
    padding int8 not null default 0,
    primary key (stream, "group"),
    foreign key (stream, "group") references bus.consumer_group (stream, name) on delete cascade
);

-- Where the groups there are began is not known any more, but for those that began with everything.
insert into bus.ledger (stream, "group", verified, not_due)
select stream, name, start.id, start.id from bus.consumer_group, lateral (select case consumer_group.start when 'history' then 0 else checkpoint end as id) as start;

create or replace view bus.group_progress as
select
    g.stream,
    g.name as "group",
    (coalesce(inbox.covered, 0) - coalesce(ledger.padding, 0) - letters.covered)::bigint as events,
    g.duplicates_prevented,
    letters.dead as dead_letters
from bus.consumer_group g
left join bus.ledger on ledger.stream = g.stream and ledger."group" = g.name
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
