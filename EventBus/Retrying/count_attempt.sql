-- Counts an attempt of row $1 and extends its claim by $3 from now, if it is still of claim $2.
update bus.retry set attempts = attempts + 1, due_at = clock_timestamp() + $3 where number = $1 and claim = $2 and state = 'waiting'
