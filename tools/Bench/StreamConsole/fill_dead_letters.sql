-- Makes $3 of the $2 events of stream $1 dead letters: of all its groups in turn, with errors of 20 kinds and different text.
insert into bus.retry (
    group_id, position, id, type, source, subject, time, data, state, attempts, due_at, error, created_at, failed_at, mirrored)
select
    g.id, e.position, e.id, e.type, e.source, e.subject, e.time, e.data, 'dead', 10, e.created_at,
    format(
        'System.InvalidOperationException: Step %s failed for order %s: the reply of "https://host-%s.example.com/orders" was %s after %s ms.',
        chr(65 + (e.number % 20)::int), e.subject, e.number, 500 + e.number % 4, e.number % 977),
    e.created_at, e.created_at, true
from (select *, position / ($2::int8 / $3) as number from bus.outbox where stream = $1 and position % ($2::int8 / $3) = 0) as e
join (select id, row_number() over (order by id) - 1 as place, count(*) over () as count from bus.consumer_group where stream = $1) as g
    on g.place = e.number % g.count
