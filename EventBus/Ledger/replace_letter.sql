-- Takes its id from letter $1, and makes a redriven letter of the event that it belongs to: $2 id, $3 type, $4 source, $5 subject, $6 time, $7 fields, $8 why. Comes back with the entry; no row where somebody redrove the letter meanwhile.
with former as (
    update bus.dead_letters
    set state = 'redriven', state_changed_at = now(), state_changed_by = 'ledger', settled_at = now()
    where number = $1 and state in ('dead', 'discarded')
    returning stream, "group", entry
)
insert into bus.dead_letters (stream, "group", entry, event_id, type, source, subject, time, fields, consumer, deliveries, error, projected_at, state, state_changed_at, state_changed_by)
select stream, "group", entry, $2, $3, $4, $5, $6, $7::jsonb, 'ledger', 0, $8, now(), 'redriven', now(), 'ledger' from former
returning entry
