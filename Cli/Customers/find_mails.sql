-- The events of the mails about the orders $1: a mail that was written as a file is named by its event.
select event_id from notifications.emails where subject = any ($1)
