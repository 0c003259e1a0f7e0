-- At most $2 orders that are older than the order $1, newest first: ids are UUIDs of version 7 and sort by time.
select id, coalesce(number, id::text), customer_id, customer_name, customer_email, currency, total, placed_at, lines
from orders.orders
where id < $1
order by id desc
limit $2
