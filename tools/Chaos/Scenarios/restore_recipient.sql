-- Reverts fail_recipient.sql.
drop trigger if exists refuse on notifications.emails;
drop function if exists notifications.refuse();
