-- The orders with these numbers ($1), and the hashes of the requests they were placed by.
select id, number, customer_id, customer_name, customer_email, currency, total, placed_at, lines, request_hash
from orders.orders
where number = any ($1)
