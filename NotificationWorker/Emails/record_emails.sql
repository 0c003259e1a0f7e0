-- Takes a batch of placed orders in, inside the batch's transaction: a mail to send for each.
-- $1 event ids, $2 subjects, $3 recipients, $4 orders as JSON, $5 traceparents, $6 tracestates: arrays of one length.
insert into notifications.emails (event_id, subject, recipient, placed, traceparent, tracestate)
select * from unnest($1, $2, $3, $4, $5, $6);
