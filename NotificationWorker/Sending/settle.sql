-- Writes down how sending went. $1 ids, $2 claim token, $3 results (sent, retry, failed, released), $4 delays until due again, $5 errors.
-- Only the owner of the claim may settle, except for a success: a mail that was taken is sent, whoever's it was by then.
update notifications.emails m
set state = case o.result when 'sent' then 'sent' when 'failed' then 'failed' else 'pending' end,
    claim = null,
    due_at = now() + o.delay,
    attempts = m.attempts + case when o.result = 'released' then 0 else 1 end,
    finished_at = case when o.result in ('sent', 'failed') then now() end,
    last_error = case when o.result = 'released' then m.last_error else o.error end
from unnest($1, $3, $4, $5) as o(id, result, delay, error)
where m.id = o.id and m.state = 'pending' and (m.claim = $2 or o.result = 'sent');
