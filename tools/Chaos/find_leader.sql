-- The name of the session that has read an outbox last, and within three seconds: the relay's that leads. No row if none does.
select application_name
from pg_stat_activity
where datname = current_database() and query like 'copy (%outbox%' and query_start > clock_timestamp() - interval '3 seconds'
order by query_start desc
limit 1
