-- Compares the orders with the outbox of stream $1: an order without an event, an event without an order, an order with two events. Once
-- the outbox was pruned, orders from before a minute after the oldest kept event are left out (both kinds of id begin with their time).
-- Returns the difference and the order; at most $2 rows.
with stream as (
    select id from bus.stream where name = $1
), kept as (
    select case
        when to_regclass((select 'bus.outbox_' || id || '_0' from stream)) is not null then ''
        else (
            select to_hex((('x' || left(replace(min(id::text), '-', ''), 12))::bit(48)::bigint) + 60000)
            from bus.outbox where stream = (select id from stream))
    end as since
), events as (
    select subject, count(*) as times
    from bus.outbox
    where stream = (select id from stream) and type = 'order.placed'
    group by subject
)
select
    case when events.subject is null then 'no event' when orders.id is null then 'no order' else 'two events' end as difference,
    coalesce(orders.id::text, events.subject) as "order"
from orders.orders full join events on events.subject = orders.id::text
cross join kept
where (events.subject is null and replace(orders.id::text, '-', '') > lpad(kept.since, 12, '0'))
    or orders.id is null
    or events.times > 1
limit $2
