-- Counts the mails that failed lately.
create index emails_failed_at on notifications.emails (finished_at) where state = 'failed';
