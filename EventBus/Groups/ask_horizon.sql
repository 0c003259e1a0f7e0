-- The lowest transaction that runs, and which server says so: a promoted standby has another start time.
select pg_snapshot_xmin(pg_current_snapshot()) as xmin, bus.server_started() as server_started
