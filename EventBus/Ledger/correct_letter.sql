-- Makes dead letter $1, of which nobody has decided anything, one of the event that its id was given to, and marks it as redriven by $2.
update bus.dead_letters
set event_id = $3, type = $4, source = $5, subject = $6, time = $7, fields = $8::jsonb, state = 'redriven', state_changed_at = now(), state_changed_by = $2
where number = $1 and state = 'dead' and event_id is null
returning entry
