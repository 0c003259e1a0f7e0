-- Puts $1 events of one type ($2) with the data $3 into the outbox, in one transaction.
insert into bus.outbox (id, type, source, subject, time, data)
select gen_random_uuid(), $2, 'bench', number::text, now(), $3 from generate_series(1, $1) as number
