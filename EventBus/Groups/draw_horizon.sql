-- The highest position of the outbox, a xid of this transaction that is drawn after it was read, and which server says so.
with highest as materialized (select coalesce((select position from bus.outbox_0 order by position desc limit 1), 0) as position)
select highest.position, case when highest.position >= 0 then pg_current_xact_id() end as xid, bus.server_started() as server_started
from highest
