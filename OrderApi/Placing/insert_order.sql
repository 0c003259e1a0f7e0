-- Writes one order: $1 id, $2 number, $3 hash of the request, $4 customer's id, $5 name, $6 e-mail, $7 currency, $8 total, $9 placed at, $10 lines.
-- Waits for a rival that writes the same number, and fails (unique_violation on orders_number_is_unique) if that commits.
insert into orders.orders (id, number, request_hash, customer_id, customer_name, customer_email, currency, total, placed_at, lines)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
