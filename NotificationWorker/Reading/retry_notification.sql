-- Makes a mail due now, its schedule begun anew. One that is sent stays so, one that is being sent this moment is left to that. $1 id.
-- Returns the state it was in; no row: there is no such mail.
with asked as (
    select id, state from notifications.emails where id = $1 for update
),
retried as (
    update notifications.emails m
    set state = 'pending', attempts = 0, due_at = now(), claim = null, finished_at = null
    from asked a
    where m.id = a.id and a.state <> 'sent' and not (m.state = 'pending' and m.claim is not null and m.due_at > now())
)
select state from asked;
