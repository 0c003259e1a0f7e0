-- Counts the orders, the events in the outbox of stream $1, and the effects in each worker's tables.
select
    (select count(*) from orders.orders) as orders,
    (select count(*) from bus.outbox where stream = (select id from bus.stream where name = $1)) as events,
    (select count(*) from webhooks.effects) as webhooks,
    (select count(*) from analytics.effects) as analytics,
    (select count(*) from notifications.effects) as notifications
