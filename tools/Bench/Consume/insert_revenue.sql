-- Adds what one batch of a group ($1) sums up to: days ($2), orders ($3) and revenue ($4) of each.
insert into bench_revenue select $1, * from unnest($2::date[], $3::int[], $4::numeric[])
