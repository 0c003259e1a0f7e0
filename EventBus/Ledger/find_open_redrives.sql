-- Of the ids $3, those that were dead letters and are redriven: they are on their way.
select distinct entry from bus.dead_letters where stream = $1 and "group" = $2 and entry = any($3) and state = 'redriven'
