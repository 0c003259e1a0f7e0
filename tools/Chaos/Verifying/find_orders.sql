-- Every order: id, the customer's id (its Idempotency-Key), total.
select id, customer_id, total from orders.orders
