-- Compares the orders with the outbox: an order without an event, an event without an order, an order with two events. If retention has
-- removed events, orders from before a minute after the oldest kept event are left out (both kinds of id begin with their time). Returns
-- the difference and the order; at most $1 rows.
with kept as (
    select case
        when coalesce((select total - live_count from bus.relay_batch order by ms limit 1), 0) = 0 then ''
        else (select to_hex((('x' || left(replace(min(id::text), '-', ''), 12))::bit(48)::bigint) + 60000) from bus.outbox)
    end as since
), events as (
    select subject, count(*) as times from bus.outbox where type = 'order.placed' group by subject
)
select
    case when events.subject is null then 'no event' when orders.id is null then 'no order' else 'two events' end,
    coalesce(orders.id::text, events.subject)
from orders.orders full join events on events.subject = orders.id::text
cross join kept
where (events.subject is null and replace(orders.id::text, '-', '') > lpad(kept.since, 12, '0'))
    or orders.id is null
    or events.times > 1
limit $1
