-- The totals of analytics: orders, revenue.
select coalesce(sum(orders), 0)::bigint, coalesce(sum(revenue), 0) from analytics.daily_revenue
