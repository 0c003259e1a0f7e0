-- Binds an idempotency key ($1, beginning with its account) to a request ($2, its hash) and the orders it is to be answered with ($3); no row is affected if it is bound already. Waits for a rival.
insert into orders.idempotency_keys (key, request_hash, order_ids) values ($1, $2, $3) on conflict (key) do nothing
