-- Every order: id, the customer's id (the key that it was sent under), total.
select id, customer_id, total from orders.orders
