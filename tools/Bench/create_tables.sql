-- Where handlers of benchmarks leave their effects, and rivals their idempotency records.
create table bench_revenue (group_name text not null, day date not null, orders int not null, revenue numeric not null);
create table bench_effect (group_name text not null, order_id uuid not null, total numeric not null);
create table bench_processed (group_name text not null, event_id uuid not null, primary key (group_name, event_id));
