-- What can be published of the outbox: rows that have appeared in known gaps, then rows above the highest position read, lowest first. One
-- statement, and so one snapshot. It is run as a binary copy to stdout, which takes no parameters: what is in braces is put in before.
--   highest, bound: positions above the one and up to the other are read; without a bound every partition ahead is planned for
--   gaps: read_gaps.sql where there are gaps
--   limit: how many rows at most
--   xid: whether a xid is drawn, after the snapshot was taken: true or false
-- The first row is about the server: type is the snapshot's xmin, source the xid, subject whether it is read-only (a standby, or made so), time when it started.
select
    null::int8 as position, null::uuid as id, pg_snapshot_xmin(pg_current_snapshot())::text as type,
    case when {xid} then pg_current_xact_id()::text else '' end as source, current_setting('transaction_read_only') as subject,
    bus.server_started() as time, null::bytea as data, null::text as traceparent, null::text as tracestate, null::jsonb as headers
union all
(select * from (
    {gaps}
    (select position, id, type, source, subject, time, data, traceparent, tracestate, headers
     from bus.outbox_0 where position > {highest}::int8 and position <= {bound}::int8 order by position limit {limit})
) as event limit {limit})
