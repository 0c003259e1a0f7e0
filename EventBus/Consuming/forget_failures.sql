-- Entries that failed once and are done now.
delete from bus.failure where stream = $1 and "group" = $2 and entry = any($3)
