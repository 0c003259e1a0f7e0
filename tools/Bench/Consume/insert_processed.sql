-- Takes those events ($2) that the group ($1) has not taken before, and answers with them: one inbox row for each.
insert into bench_processed select $1, * from unnest($2::uuid[]) on conflict do nothing returning event_id
