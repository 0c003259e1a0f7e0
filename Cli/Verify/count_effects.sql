-- Counts the orders, and the effects in each worker's tables.
select
    (select count(*) from orders.orders),
    (select count(*) from webhooks.effects),
    (select count(*) from analytics.effects),
    (select count(*) from notifications.effects)
