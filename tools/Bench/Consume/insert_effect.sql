-- Writes the row of one event of a group ($1): order ($2) and total ($3).
insert into bench_effect values ($1, $2, $3)
