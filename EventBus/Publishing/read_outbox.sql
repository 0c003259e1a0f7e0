-- What can be published: rows that have appeared in known gaps, and rows above the highest position seen. One statement and so one snapshot, whose xmin comes first, in a row without a position.
-- $1 highest position seen, $2 most rows above it, and most in gaps, $3 and $4 first and last position of each gap
select null::bigint, null::uuid, null::text, null::text, null::text, null::timestamptz, null::bytea, null::text, null::text, pg_snapshot_xmin(pg_current_snapshot())
union all
(select late.*, null
 from unnest($3::bigint[], $4::bigint[]) as gap (first, last)
 cross join lateral (
    select position, id, type, source, subject, time, data, traceparent, tracestate
    from bus.outbox where position >= gap.first and position <= gap.last order by position limit $2) as late
 limit $2)
union all
(select position, id, type, source, subject, time, data, traceparent, tracestate, null
 from bus.outbox where position > $1 order by position limit $2)
