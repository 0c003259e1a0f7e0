-- At most $2 orders that are older than the order $1, newest first: ids are UUIDs of version 7 and sort by time. Filters: $3 number, $4 the same as
-- an id, which is the number of an order without one, $5 the customer's id, $6 the e-mail address.
select id, coalesce(number, id::text), customer_id, customer_name, customer_email, currency, total, placed_at, lines
from orders.orders
where id < $1
    and (number = $3 or (number is null and id = $4)) -- if number
    and customer_id = $5 -- if customer
    and lower(customer_email) = lower($6) -- if email
order by id desc
limit $2
