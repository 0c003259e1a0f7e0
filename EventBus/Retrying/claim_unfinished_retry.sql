-- Claims one row of group $1 whose claim has ended, for claim $2: of the types $3, whose claim ended at $4 or later; for $5. That counts an attempt.
-- A row that has had $6 attempts becomes dead instead.
-- Answers with the server's time, when the row's claim ended, and the row; with one row without a number where there is none.
with ended as materialized (
    select found.number, found.due_at
    from unnest($3::text[]) as wanted (type)
    cross join lateral (
        select number, due_at
        from bus.retry
        where group_id = $1 and type = wanted.type and state = 'waiting' and claim is not null and due_at >= $4 and due_at <= statement_timestamp()
        order by due_at
        limit 1
        for update skip locked
    ) as found
    order by found.due_at
    limit 1
), claimed as (
    update bus.retry
    set
        state = case when attempts >= $6 then 'dead' else 'waiting' end,
        claim = case when attempts >= $6 then null else $2 end,
        attempts = case when attempts >= $6 then attempts else attempts + 1 end,
        due_at = clock_timestamp() + case when attempts >= $6 then interval '0' else $5 end,
        error = case when attempts >= $6
            then left(format('Attempt %s never finished: its worker ended, or took longer than its claim.', attempts)
                || case when error <> '' then ' The error before: ' || error else '' end, 2000)
            else error end,
        failed_at = case when attempts >= $6 then clock_timestamp() else failed_at end,
        mirrored = false
    where number = any(array(select number from ended))
    returning number, position, id, type, source, subject, time, data, headers, traceparent, tracestate, attempts, state
)
select statement_timestamp() as asked_at, (select min(due_at) from ended) as lowest_due_at, claimed.*
from (select) as one left join claimed on true
