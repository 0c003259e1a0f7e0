-- Up to which id entries of stream $1 may be missing from it by now.
select trim_floor from bus.outbox_stream where stream = $1
