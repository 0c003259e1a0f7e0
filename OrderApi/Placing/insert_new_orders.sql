-- Writes those orders whose numbers are new or absent (null) and returns their ids. Arrays of one length: $1 ids, $2 customers' ids, $3 names, $4 e-mails, $5 currencies, $6 totals,
-- $7 placed at, $8 lines, $9 numbers, $10 hashes of the requests. Waits for rivals; by number, so that two batches never wait for each other.
insert into orders.orders (id, customer_id, customer_name, customer_email, currency, total, placed_at, lines, number, request_hash)
select *
from unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
    as new (id, customer_id, customer_name, customer_email, currency, total, placed_at, lines, number, request_hash)
order by number collate "C"
on conflict (number) where number is not null do nothing
returning id
