-- Takes back what curse_recipient.sql did.
drop trigger if exists refuse on notifications.emails;
drop function if exists notifications.refuse();
