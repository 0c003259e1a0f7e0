-- Adds rows to the retry queue of group $1, within the transaction that has taken their positions.
-- $2 positions, $3 entry ids, $4 ids, $5 types, $6 sources, $7 subjects, $8 times, $9 data, $10 headers, $11 traceparents, $12 tracestates, $13 fields,
-- $14 states, $15 attempts, $16 delays, $17 errors
-- A second entry that is no event under an entry id that was used before (by a stream that is no more) changes nothing.
insert into bus.retry (
    group_id, position, entry_id, id, type, source, subject, time, data, headers, traceparent, tracestate, fields, state, attempts, due_at, error, failed_at)
select
    $1, position, entry_id, id, coalesce(type, ''), coalesce(source, ''), coalesce(subject, ''), time, data, headers::jsonb, traceparent, tracestate,
    fields::jsonb, state, attempts, clock_timestamp() + delay, error, case when error <> '' then clock_timestamp() end
from unnest($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17) as row (
    position, entry_id, id, type, source, subject, time, data, headers, traceparent, tracestate, fields, state, attempts, delay, error)
on conflict (group_id, entry_id) where position is null do nothing
