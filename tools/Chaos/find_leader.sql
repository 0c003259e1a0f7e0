-- Returns the client port of the session that holds the relay's lock; no row if none does.
select activity.client_port
from pg_locks held
join pg_stat_activity activity on activity.pid = held.pid
where held.locktype = 'advisory' and held.granted and held.objsubid = 1
  and held.database = (select oid from pg_database where datname = current_database())
  and ((held.classid::int8 << 32) | held.objid::int8) = hashtextextended('fanout.relay', 0)
