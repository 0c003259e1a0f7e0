-- Puts $2 events of orders into the outbox of stream $1, as of the last day in equal distances.
insert into bus.outbox (stream, position, id, type, source, subject, time, data, created_at)
select
    $1, number, bench.id_at(at), 'order.placed', 'bench', subject, at,
    convert_to(format(
        '{"orderId":"%s","customer":{"id":"C%s","name":"Customer number %2$s and Sons","email":"customer%2$s@example.com"},"currency":"USD",'
        '"lines":[{"sku":"sku-%s","product":"Product","quantity":2,"unitPrice":9.95,"discount":0.05,"total":18.91}],"total":18.91}',
        subject, number % 5000, number % 200), 'UTF8'),
    at
from generate_series(1, $2::int8) as number
cross join lateral (select now() - (($2 - number) * (interval '1 day' / $2)) as at) as event
cross join lateral (select bench.id_at(at)::text as subject) as event_subject
