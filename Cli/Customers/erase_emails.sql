-- Replaces the customer in mails about the orders $1. $2 the customer to put there, as JSON.
update notifications.emails
set recipient = $2::jsonb ->> 'email',
    placed = jsonb_set(placed::jsonb, '{customer}', $2::jsonb)::text,
    last_error = case when last_error is not null then 'The error was erased with the customer.' end
where subject = any ($1) and placed::jsonb -> 'customer' <> $2::jsonb
returning event_id
