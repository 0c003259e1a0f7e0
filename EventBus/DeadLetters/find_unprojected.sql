-- Of the entries $3, those that are dead letters which Redis may still hold as pending.
select entry, number from bus.dead_letters
where stream = $1 and "group" = $2 and entry = any($3) and projected_at is null
