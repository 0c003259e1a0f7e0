-- Puts $2 events of one type ($3) with the data $4 into the outbox of stream $1, in one transaction.
insert into bus.outbox (stream, position, id, type, source, subject, time, data)
select $1, bus.next_position($1), gen_random_uuid(), $3, 'bench', number::text, now(), $4 from generate_series(1, $2) as number
