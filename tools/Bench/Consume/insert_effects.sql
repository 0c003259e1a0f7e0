-- Writes one row for each event of a group ($1): orders ($2) and totals ($3).
insert into bench_effect select $1, * from unnest($2::uuid[], $3::numeric[])
