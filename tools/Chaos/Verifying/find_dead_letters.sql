-- The dead letters of stream $1: group, number, position (or id of an entry that is no event of this outbox), event, subject, error, whether the DLQ stream
-- has it.
select
    g.name, r.number, coalesce(r.position::text, r.entry_id, ''), r.id, case when r.id is not null then r.subject end, r.error, r.mirrored
from bus.retry r
join bus.consumer_group g on g.id = r.group_id
join bus.stream s on s.id = g.stream
where s.name = $1 and r.state = 'dead'
