-- Writes orders without numbers, which therefore meet no others. Arrays of one length: $1 ids, $2 customers' ids, $3 names, $4 e-mails, $5 currencies, $6 totals, $7 placed at, $8 lines.
insert into orders.orders (id, customer_id, customer_name, customer_email, currency, total, placed_at, lines)
select * from unnest($1, $2, $3, $4, $5, $6, $7, $8)
