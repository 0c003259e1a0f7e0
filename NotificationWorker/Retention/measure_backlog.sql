-- Counts the pending mails, and how long the most overdue has been due.
select count(*), coalesce(greatest(now() - min(due_at), interval '0'), interval '0')
from notifications.emails
where state = 'pending';
