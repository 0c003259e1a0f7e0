-- Events of the outbox at or below position $1, highest first, that match a filter (null = any): $2 type, $3 subject, $4 patterns, one of which the
-- data is like. Looks at no more than $5 events, and at the first only after $6; answers with no more than $7.
-- A row that is late was not looked at, and neither was what comes after it. A row that is neither late nor a match is the last that was looked at.
-- The data is compared as bytes, in which only ASCII letters have a case: it need not be valid UTF-8.
select
    e.position, e.id, e.type, e.source, e.subject, e.time, e.created_at, octet_length(e.data) as size, clock.is_late, filter.is_match,
    e.place = $5 as is_last
from (
    select *, row_number() over (order by position desc) as place from bus.outbox_0 where position <= $1 order by position desc limit $5
) as e
cross join lateral (select e.place > 1 and clock_timestamp() >= statement_timestamp() + $6 as is_late) as clock
cross join lateral (
    select case when clock.is_late then false else
        ($2::text is null or e.type = $2)
        and ($3::text is null or e.subject = $3)
        and ($4::text[] is null or lower(encode(e.data, 'escape') collate "C") like any ($4)) end as is_match
) as filter
where clock.is_late or filter.is_match or e.place = $5
limit $7
