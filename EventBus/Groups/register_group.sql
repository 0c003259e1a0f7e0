-- Registers group $2 of stream $1, which starts $3 ('earliest' or 'now') behind position $4; brings max_deliveries ($5) and reclaim_after ($6) of a known one up to date.
insert into bus.consumer_group as known (stream, name, start, done_through, max_deliveries, reclaim_after)
values ($1, $2, $3, $4, $5, $6)
on conflict (stream, name) do update set max_deliveries = excluded.max_deliveries, reclaim_after = excluded.reclaim_after
where (known.max_deliveries, known.reclaim_after) is distinct from (excluded.max_deliveries, excluded.reclaim_after)
