-- The $4 products that sold best in the days $1 to $2, by quantity ($5) or by revenue, in the currency $3 or, where that is null, in each:
-- revenues of two currencies cannot be compared. A product goes by its latest name.
-- Revenue is text: a sum may have more digits than the reader's decimal.
select sku, name, currency, least(quantity, 9223372036854775807)::bigint, revenue::text
from (
    select sku, currency, name, quantity, revenue,
        row_number() over (partition by currency order by case when $5 then quantity else revenue end desc, sku) as rank
    from (
        select sku, currency, (array_agg(name order by day desc))[1] as name, sum(quantity) as quantity, sum(revenue) as revenue
        from analytics.product_sales
        where day between $1 and $2 and ($3 is null or currency = $3)
        group by sku, currency
    ) as product
) as ranked
where rank <= $4
order by currency, rank
