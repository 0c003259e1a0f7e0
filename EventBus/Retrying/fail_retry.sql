-- Ends the claim of row $1 by a failure, if it is still of claim $2: error $3, state $4 ('waiting' or 'dead'),
-- due again in $5 if it waits, at least $6 attempts.
update bus.retry
set
    claim = null,
    error = $3,
    state = $4,
    due_at = clock_timestamp() + case $4 when 'waiting' then $5 else interval '0' end,
    attempts = greatest(attempts, $6),
    failed_at = clock_timestamp(),
    mirrored = false
where number = $1 and claim = $2 and state = 'waiting'
