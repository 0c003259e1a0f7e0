-- Takes its id from letter $1, and makes a redriven letter of the event that it belongs to: $2 id, $3 type, $4 source, $5 subject, $6 time, $7 fields, $8 why. Comes back with the entry; no row where somebody redrove the letter meanwhile.
-- Redrives of that id that are still open are settled: what stood there would be added again, ahead of the event.
with former as (
    select number, stream, "group", entry, state, state_changed_at, state_changed_by
    from bus.dead_letters
    where number = $1 and state in ('dead', 'discarded')
    for update
), given_back as (
    update bus.dead_letters letter
    set state = 'redriven', state_changed_at = now(), state_changed_by = 'ledger', settled_at = now()
    from former
    where letter.number = former.number
), superseded as (
    update bus.dead_letters letter
    set settled_at = now()
    from former
    where letter.stream = former.stream and letter."group" = former."group" and letter.entry = former.entry and letter.number <> former.number
        and letter.state = 'redriven' and letter.settled_at is null
)
insert into bus.dead_letters (stream, "group", entry, event_id, type, source, subject, time, fields, consumer, deliveries, error, projected_at, state, state_changed_at, state_changed_by)
select stream, "group", entry, $2, $3, $4, $5, $6, $7::jsonb, 'ledger', 0,
    $8::text || case state when 'discarded' then format(' %s had discarded that at %s.', state_changed_by, state_changed_at) else '' end,
    now(), 'redriven', now(), 'ledger'
from former
returning entry
