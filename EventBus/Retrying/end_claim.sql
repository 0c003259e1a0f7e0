-- Ends the claim of row $2 of group $1, which this transaction has locked: error $3, state $4 ('waiting' or 'dead'), due again in $5 if it waits,
-- after $6 attempts. Of a dead row due_at says since when it is dead.
update bus.retry
set
    claim = null,
    error = $3,
    state = $4,
    due_at = clock_timestamp() + case $4 when 'waiting' then $5 else interval '0' end,
    attempts = $6,
    failed_at = clock_timestamp(),
    mirrored = false
where number = $2 and group_id = $1
