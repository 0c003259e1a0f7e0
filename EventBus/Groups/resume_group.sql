-- Resumes group $2 of stream $1, paused or not.
update bus.consumer_group set paused_at = null, paused_by = null where stream = $1 and name = $2
