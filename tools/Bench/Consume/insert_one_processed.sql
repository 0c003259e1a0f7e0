-- Records that the group ($1) has handled the event ($2).
insert into bench_processed values ($1, $2)
