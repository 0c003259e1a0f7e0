-- Writes one order: $1 id, $2 number, $3 customer's id, $4 name, $5 e-mail, $6 currency, $7 placed at, $8 lines.
insert into bench_orders values ($1, $2, $3, $4, $5, $6, $7, $8)
