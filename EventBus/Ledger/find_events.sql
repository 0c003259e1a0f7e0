-- The events that the ids $1 were given to: position, id, type, source, subject, time, data, traceparent, tracestate, and the entry's id; nothing but that where the outbox no longer has the event.
with wanted as (
    select id, id >> 20 as ms, id & 1048575 as number from unnest($1::int8[]) as id
), numbered as (
    select batch.ms, place.position, row_number() over (partition by batch.ms order by place.position) - 1 as number
    from bus.relay_batch batch, unnest(batch.positions) as range, generate_series(lower(range), upper(range) - 1) as place (position)
    where batch.ms in (select ms from wanted)
)
select event.position, event.id, event.type, event.source, event.subject, event.time, event.data, event.traceparent, event.tracestate, wanted.id
from wanted
join numbered on numbered.ms = wanted.ms and numbered.number = wanted.number
left join bus.outbox event on event.position = numbered.position
order by wanted.id
