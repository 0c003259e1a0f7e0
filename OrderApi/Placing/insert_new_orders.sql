-- Writes those orders whose numbers are new and returns their ids. Arrays of one length: $1 ids, $2 numbers, $3 hashes of the requests, $4 customers' ids,
-- $5 names, $6 e-mails, $7 currencies, $8 totals, $9 placed at, $10 lines. Waits for rivals; by number, so that two batches never wait for each other.
insert into orders.orders (id, number, request_hash, customer_id, customer_name, customer_email, currency, total, placed_at, lines)
select id, number, request_hash, customer_id, customer_name, customer_email, currency, total, placed_at, lines::jsonb
from unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
    as new (id, number, request_hash, customer_id, customer_name, customer_email, currency, total, placed_at, lines)
order by number collate "C"
on conflict (number) do nothing
returning id
