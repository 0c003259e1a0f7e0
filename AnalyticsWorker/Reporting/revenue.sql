-- Orders and revenue of the days $1 to $2, in the currency $3 or, where that is null, in each.
select day, currency, sum(orders)::bigint, sum(revenue)
from analytics.daily_revenue
where day between $1 and $2 and ($3 is null or currency = $3)
group by day, currency
order by day, currency
