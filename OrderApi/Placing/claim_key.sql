-- Claims an idempotency key ($1) for a request ($2, its hash) whose orders are not known yet; no row is affected if it is bound already. Waits for a rival.
insert into orders.idempotency_keys (key, request_hash, order_ids) values ($1, $2, '{}') on conflict (key) do nothing
