-- Binds a claimed idempotency key ($1) to other orders ($2): some of those it was claimed for had been placed before.
update orders.idempotency_keys set order_ids = $2 where key = $1
