-- Makes every mail to failing@example.com fail in the transaction of the notification worker's handler.
create or replace function notifications.refuse() returns trigger language plpgsql as $$ begin raise exception 'no mail for %', new.recipient; end $$;
create or replace trigger refuse before insert on notifications.emails for each row when (new.recipient = 'failing@example.com') execute function notifications.refuse();
