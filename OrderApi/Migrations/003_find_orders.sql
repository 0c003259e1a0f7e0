-- Finds the orders of a customer, by its id or e-mail address, newest first.
create index orders_of_customer on orders.orders (customer_id, id);
create index orders_of_email on orders.orders (lower(customer_email), id);
