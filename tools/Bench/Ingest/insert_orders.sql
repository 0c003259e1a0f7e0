-- Writes orders: $1 ids, $2 numbers, $3 customers' ids, $4 names, $5 e-mails, $6 currencies, $7 placed at, $8 lines.
insert into bench_orders
select id, number, customer_id, customer_name, customer_email, currency, placed_at, lines::jsonb
from unnest($1, $2, $3, $4, $5, $6, $7, $8) as new (id, number, customer_id, customer_name, customer_email, currency, placed_at, lines)
