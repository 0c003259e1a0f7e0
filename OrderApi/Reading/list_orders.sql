-- At most $2 orders that are older than the order $1, newest first: ids are UUIDs of version 7 and sort by time. Each filter may be null: $3 number,
-- $4 the same as an id, which is the number of an order without one, $5 the customer's id, $6 the e-mail address.
select id, coalesce(number, id::text), customer_id, customer_name, customer_email, currency, total, placed_at, lines
from orders.orders
where id < $1
    and ($3::text is null or number = $3 or (number is null and id = $4))
    and ($5::text is null or customer_id = $5)
    and ($6::text is null or lower(customer_email) = lower($6))
order by id desc
limit $2
