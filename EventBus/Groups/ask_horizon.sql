-- The lowest transaction that runs, and which server says so: a promoted standby has another start time.
select pg_snapshot_xmin(pg_current_snapshot()) as xmin, pg_postmaster_start_time() as server_started
