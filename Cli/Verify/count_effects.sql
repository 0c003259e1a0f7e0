-- How many orders there are, and how many effects each worker's tables show.
select
    (select count(*) from orders.orders),
    (select count(*) from webhooks.effects),
    (select count(*) from analytics.effects),
    (select count(*) from notifications.effects)
