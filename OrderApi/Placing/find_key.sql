-- What an idempotency key ($1) is bound to.
select request_hash, order_ids from orders.idempotency_keys where key = $1
