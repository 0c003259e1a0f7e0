-- Says that group $2 of stream $1 is verified up to $3.
insert into bus.ledger (stream, "group", verified) values ($1, $2, $3)
on conflict (stream, "group") do update set verified = excluded.verified where ledger.verified < excluded.verified
