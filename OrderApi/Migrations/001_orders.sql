-- An order is written once and never changed: an answer can always be given again from its row.
create table orders.orders (
    id uuid not null primary key,
    number text collate "C" not null constraint orders_number_is_unique unique,
    request_hash bytea not null,
    customer_id text not null,
    customer_name text not null,
    customer_email text not null,
    currency text not null,
    total numeric not null,
    placed_at timestamptz not null,
    lines jsonb not null
);

-- What a client's Idempotency-Key stands for: the request, and the orders it was answered with.
create table orders.idempotency_keys (
    key text collate "C" not null constraint idempotency_keys_are_unique primary key,
    request_hash bytea not null,
    order_ids uuid[] not null,
    created_at timestamptz not null default now()
);
