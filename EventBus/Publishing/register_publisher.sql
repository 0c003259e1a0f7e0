-- Registers a publisher of stream $1: the outbox where $2, otherwise a direct one. Answers with the stream that the outbox feeds and whether $1 is written directly, both as they were before.
with as_outbox as (
    insert into bus.outbox_stream (stream) select $1 where $2 on conflict do nothing
),
as_direct as (
    insert into bus.direct_stream (stream) select $1 where not $2 on conflict do nothing
)
select (select stream from bus.outbox_stream), exists (select from bus.direct_stream where stream = $1)
