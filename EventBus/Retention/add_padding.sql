-- Counts ids that a merge of group $2's ranges on stream $1 has covered though they are no event's. Counts nothing where one of the ids from $4 up to but not including $5 is a redriven dead letter's
-- that is not done again: a redrive frees its id under the same lock as a merge, so what was free when the merge was planned may not be all that is free now.
update bus.ledger set padding = padding + $3
where stream = $1 and "group" = $2
    and not exists (
        select from bus.dead_letters as letter
        where letter.stream = $1 and letter."group" = $2 and letter.state = 'redriven' and letter.settled_at is null and letter.entry >= $4 and letter.entry < $5)
