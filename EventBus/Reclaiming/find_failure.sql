-- Why an entry failed the last time it failed with an error, and at which delivery that was.
select error, deliveries from bus.failure where stream = $1 and "group" = $2 and entry = $3
