-- Dead letter $2 of stream $1, also where it was redriven and waits.
select
    g.name as "group", r.number, r.position, r.entry_id, r.id, r.type, r.source, r.subject, r.time, r.data, r.headers, r.traceparent, r.tracestate,
    r.fields, r.attempts, r.error, coalesce(r.failed_at, r.created_at) as dead_at, r.state, r.changed_at, r.changed_by, r.kind, r.change, r.history
from bus.retry r
join bus.consumer_group g on g.id = r.group_id
where g.stream = $1 and r.number = $2 and (r.state <> 'waiting' or r.changed_at is not null)
