-- Whether an outbox feeds the stream.
select exists (select from bus.outbox_stream where stream = $1)
