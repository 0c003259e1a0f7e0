-- Decides under which ids a batch is published. Runs on the session that holds the relay's lock, and must be durable when it returns. Answers with the xid of its transaction.
-- $1 ms, $2 predecessor, $3 positions, $4 event count, $5 total, $6 highest, $7 gaps, $8 gaps_from, $9 checksum
insert into bus.relay_batch (ms, predecessor, positions, event_count, live_count, total, highest, gaps, gaps_from, checksum)
values ($1, $2, $3, $4, $4, $5, $6, $7, $8, $9)
returning xid
