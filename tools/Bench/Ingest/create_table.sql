-- Where the bare API keeps its orders: the columns that the order API's table has, without what makes those safe to send twice.
create table if not exists bench_orders (
    id uuid primary key,
    number text not null,
    customer_id text not null,
    customer_name text not null,
    customer_email text not null,
    currency text not null,
    placed_at timestamptz not null,
    lines jsonb not null
)
