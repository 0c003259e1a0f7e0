-- The part of read_outbox.sql that looks for rows in gaps.
--   firsts, lasts: the first and the last position of each; lowest, highest: their bounds
    select late.*
    from unnest('{{firsts}}'::int8[], '{{lasts}}'::int8[]) as gap (first, last)
    cross join lateral (
        select position, id, type, source, subject, time, data, traceparent, tracestate, headers
        from bus.outbox_0
        where position >= gap.first and position <= gap.last and position >= {lowest}::int8 and position <= {highest}::int8
        order by position limit {limit}
    ) as late
    union all
