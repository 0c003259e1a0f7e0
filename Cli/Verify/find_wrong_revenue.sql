-- Compares the revenue that analytics has booked with the totals of the orders that it has effects for. Returns currency, booked, expected.
with booked as (
    select currency, sum(revenue) as revenue from analytics.daily_revenue group by currency
), expected as (
    select orders.currency, sum(orders.total) as revenue
    from analytics.effects join orders.orders on orders.id::text = effects.subject
    group by orders.currency
)
select
    coalesce(booked.currency, expected.currency) as currency, coalesce(booked.revenue, 0) as booked, coalesce(expected.revenue, 0) as expected
from booked full join expected using (currency)
where coalesce(booked.revenue, 0) <> coalesce(expected.revenue, 0)
