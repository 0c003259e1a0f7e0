-- The orders with these numbers ($1), and those without a number whose ids these are ($2); and the hashes of the requests they were placed by, where they have a number.
select id, number, customer_id, customer_name, customer_email, currency, total, placed_at, lines, request_hash
from orders.orders
where number = any ($1)
union all
select id, id::text, customer_id, customer_name, customer_email, currency, total, placed_at, lines, null
from orders.orders
where id = any ($2) and number is null
