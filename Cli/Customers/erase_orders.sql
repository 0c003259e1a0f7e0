-- Replaces the customer in the orders $1: $2 id, $3 name, $4 e-mail.
update orders.orders set customer_id = $2, customer_name = $3, customer_email = $4 where id = any ($1)
