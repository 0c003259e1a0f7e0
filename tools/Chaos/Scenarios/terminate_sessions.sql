-- Ends every other client session, and returns how many.
select count(*) filter (where pg_terminate_backend(pid)) from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()
