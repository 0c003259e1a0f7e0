-- Compares the revenue that analytics has booked with the totals of the orders that it has effects for. Returns currency, booked and expected as
-- text (sums of any length), and whether too little is booked.
with booked as (
    select currency, sum(revenue) as revenue from analytics.daily_revenue group by currency
), expected as (
    select orders.currency, sum(orders.total) as revenue
    from analytics.effects join orders.orders on orders.id::text = effects.subject
    group by orders.currency
)
select
    coalesce(booked.currency, expected.currency) as currency,
    coalesce(booked.revenue, 0)::text as booked,
    coalesce(expected.revenue, 0)::text as expected,
    coalesce(booked.revenue, 0) < coalesce(expected.revenue, 0) as is_missing
from booked full join expected using (currency)
where coalesce(booked.revenue, 0) <> coalesce(expected.revenue, 0)
