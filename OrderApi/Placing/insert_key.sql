-- Binds an idempotency key ($1) to a request ($2, its hash) and the orders it is answered with ($3).
-- Waits for a rival with the same key, and fails (unique_violation on idempotency_keys_are_unique) if that commits.
insert into orders.idempotency_keys (key, request_hash, order_ids) values ($1, $2, $3)
