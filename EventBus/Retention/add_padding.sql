-- Counts ids that a merge has covered though they are no event's.
update bus.ledger set padding = padding + $3 where stream = $1 and "group" = $2
