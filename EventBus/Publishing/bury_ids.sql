-- Declares dead the ids of batch $1 from number $2 on, and all of the batches after it. $3 is the batch that replaces them, $4 the live entries of the chain that are left.
update bus.relay_batch
set live_count = case when ms = $1 then $2 else 0 end, replaced_by = $3, total = $4
where ms >= $1 and ms < $3
