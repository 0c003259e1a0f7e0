-- Adds the sales of one batch, in the caller's transaction.
-- Events: $1 ids, $2 subjects. Revenue, one row per day and currency: $3 days, $4 currencies, $5 orders, $6 revenues.
-- Products, one row per day, currency and sku: $7 days, $8 currencies, $9 skus, $10 names, $11 quantities, $12 revenues.
-- The shard stays locked until the transaction ends. Should all be taken, shard 0 is shared: rows arrive in the order of their keys, so sharers wait and do not deadlock.
with taken as materialized (
    select number::smallint
    from generate_series(0, 63) as number
    where pg_try_advisory_xact_lock(hashtext('analytics.shard'), number)
    limit 1
), shard as materialized (
    select coalesce((select number from taken), 0::smallint) as number
), effect as (
    insert into analytics.order_effect (event_id, subject)
    select * from unnest($1, $2)
), revenue as (
    insert into analytics.daily_revenue as total (day, currency, shard, orders, revenue)
    select added.day, added.currency, shard.number, added.orders, added.revenue
    from shard, unnest($3, $4, $5, $6) with ordinality as added (day, currency, orders, revenue, ordinal)
    order by ordinal
    on conflict (day, currency, shard) do update
        set orders = total.orders + excluded.orders, revenue = total.revenue + excluded.revenue
)
insert into analytics.product_sales as total (day, currency, sku, shard, name, quantity, revenue)
select added.day, added.currency, added.sku, shard.number, added.name, added.quantity, added.revenue
from shard, unnest($7, $8, $9, $10, $11, $12) with ordinality as added (day, currency, sku, name, quantity, revenue, ordinal)
order by ordinal
on conflict (day, currency, sku, shard) do update
    set name = excluded.name, quantity = total.quantity + excluded.quantity, revenue = total.revenue + excluded.revenue
