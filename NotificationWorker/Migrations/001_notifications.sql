-- The notification worker's schema: a mail for each event that asks for one.

-- event_id is not unique on purpose: that an event takes effect once is the inbox's promise, and a unique key would hide a broken one from those who
-- count the effects. While a mail is being sent, claim is set and due_at is the end of its lease: whoever dies over it leaves a mail that comes due by itself.
create table notifications.emails (
    id          bigint generated always as identity primary key,
    event_id    uuid not null,
    subject     text not null,           -- the event's: the order's id
    recipient   text not null,
    placed      text not null,           -- the order as JSON: the mail is written when it is sent
    traceparent text,
    tracestate  text,
    state       text not null default 'pending' check (state in ('pending', 'sent', 'failed')),
    attempts    int not null default 0,
    due_at      timestamptz not null default now(),
    claim       uuid,
    created_at  timestamptz not null default clock_timestamp(),
    finished_at timestamptz,
    last_error  text
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);

create index emails_due on notifications.emails (due_at) where state = 'pending';
create index emails_subject on notifications.emails (subject);
create index emails_failed on notifications.emails (id) where state = 'failed';
create index emails_finished on notifications.emails (finished_at) where finished_at is not null;

create view notifications.effects as
    select event_id::text as event_id, subject, created_at as effected_at from notifications.emails;
