-- Where a group stands: everything at or below the checkpoint is done, dead-lettered, or before its start.
select checkpoint from bus.consumer_group where stream = $1 and name = $2
