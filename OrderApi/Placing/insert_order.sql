-- Writes one order without a number, which therefore meets no other: $1 id, $2 customer's id, $3 name, $4 e-mail, $5 currency, $6 total, $7 placed at, $8 lines.
insert into orders.orders (id, customer_id, customer_name, customer_email, currency, total, placed_at, lines)
values ($1, $2, $3, $4, $5, $6, $7, $8)
