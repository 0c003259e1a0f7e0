-- Whether the group ($1) has handled the event ($2).
select exists (select from bench_processed where group_name = $1 and event_id = $2)
