-- What operators and accounts changed: who, when, on what, and how it ended.

create table access.actions (
    id      bigint generated always as identity primary key,
    at      timestamptz not null default now(),
    -- The name of the key or person, the id of the key or subject of the token, and the account.
    by_name text not null,
    by_key  text not null,
    owner   text not null,
    service text not null,
    action  text not null,
    target  text not null,
    -- The HTTP status of the answer. Null: not answered yet, or the service ended before it could say.
    status  int
);

create index actions_at on access.actions (at);

-- No service can change a record after its end, or delete one before its time, whatever it is made to run.
alter table access.actions enable row level security;
create policy read on access.actions for select using (true);
create policy record on access.actions for insert with check (status is null);
create policy finish on access.actions for update using (status is null) with check (true);
create policy forget on access.actions for delete using (at < now() - interval '400 days');
