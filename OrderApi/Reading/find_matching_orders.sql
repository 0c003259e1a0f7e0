-- At most $2 orders that match and are older than the order $1, newest first. Each filter may be null: $3 number, $4 the same as an id, which is the number of
-- an order without one, $5 the customer's id, $6 the e-mail address. All that match are found first: sorted by the primary key, a customer who has not ordered for
-- long would be looked for in every order.
with matching as materialized (
    select id
    from orders.orders
    where ($3::text is null or number = $3 or (number is null and id = $4))
        and ($5::text is null or customer_id = $5)
        and ($6::text is null or lower(customer_email) = lower($6))
)
select id, coalesce(number, id::text), customer_id, customer_name, customer_email, currency, total, placed_at, lines
from orders.orders
where id = any(array(select id from matching where id < $1 order by id desc limit $2))
order by id desc
