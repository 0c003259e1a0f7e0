-- Pauses group $2 of stream $1 for $3; answers since when and by whom it is paused: the first who did.
update bus.consumer_group set paused_at = coalesce(paused_at, now()), paused_by = coalesce(paused_by, $3)
where stream = $1 and name = $2
returning paused_at, paused_by
