-- Binds a claimed idempotency key ($1) to the orders its request is answered with ($2).
update orders.idempotency_keys set order_ids = $2 where key = $1
