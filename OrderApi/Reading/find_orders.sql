-- The orders with these ids ($1), in any order.
select id, coalesce(number, id::text), customer_id, customer_name, customer_email, currency, total, placed_at, lines
from orders.orders
where id = any ($1)
