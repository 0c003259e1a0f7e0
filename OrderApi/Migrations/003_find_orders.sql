-- Finds the orders of a customer, by its id or e-mail address, newest first. Both together take Postgres 11 us of CPU per order with a hundred
-- customers in 4 million orders, and 22 us with a hundred thousand; the row without them takes 7 us.
create index orders_of_customer on orders.orders (customer_id, id);
create index orders_of_email on orders.orders (lower(customer_email), id);
