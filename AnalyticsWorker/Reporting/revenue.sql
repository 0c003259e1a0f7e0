-- Orders and revenue of the days $1 to $2, in the currency $3 or, where that is null, in each; and the totals per currency, which have no day.
-- Revenue is text: a sum may have more digits than the reader's decimal.
select day, currency, least(sum(orders), 9223372036854775807)::bigint, sum(revenue)::text
from analytics.daily_revenue
where day between $1 and $2 and ($3 is null or currency = $3)
group by grouping sets ((day, currency), (currency))
order by day, currency
