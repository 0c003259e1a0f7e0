-- Claims rows of group $1 that are due and have no claim, lowest due time first, for claim $2: of the types $3, due at $4 or
-- later, at most $5, for $6.
-- Answers with the server's time, the lowest due time among them, and the claimed rows; with one row without a number where there are none.
-- The due time is compared with statement_timestamp(): clock_timestamp() is volatile and would not bound the index scan.
with due as materialized (
    select found.number, found.due_at
    from unnest($3::text[]) as wanted (type)
    cross join lateral (
        select number, due_at
        from bus.retry
        where group_id = $1 and type = wanted.type and state = 'waiting' and claim is null and due_at >= $4 and due_at <= statement_timestamp()
        order by due_at
        limit $5
        for update skip locked
    ) as found
    order by found.due_at
    limit $5
), claimed as (
    update bus.retry
    set claim = $2, due_at = clock_timestamp() + $6
    where number = any(array(select number from due))
    returning number, position, id, type, source, subject, time, data, headers, traceparent, tracestate, attempts, state
)
select statement_timestamp() as asked_at, (select min(due_at) from due) as lowest_due_at, claimed.*
from (select) as one left join claimed on true
order by number
