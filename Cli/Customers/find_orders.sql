-- The orders of a customer: $1 the customer's id, or null; $2 e-mail addresses in lower case. Not those erased already.
select id
from orders.orders
where (customer_id = $1 or lower(customer_email) = any ($2))
    and (customer_id, customer_name, customer_email) <> ($3, $4, $5)
