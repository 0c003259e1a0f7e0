-- Who may use the services, and the keys that encrypt secrets at rest. All services read this schema.

-- API keys. A key is '<id>.<secret>'; only its hash is kept.
create table access.api_keys (
    -- The part of a key that is no secret: lists and logs show it.
    id           text primary key,
    name         text not null,
    -- The account that the caller acts for. No owner sees what belongs to another.
    owner        text not null,
    -- SHA-256 of the whole key. Its secret has 256 random bits, so a slow hash would add nothing.
    hash         bytea not null,
    -- '*' is all of them.
    scopes       text[] not null,
    created_at   timestamptz not null default now(),
    expires_at   timestamptz,
    revoked_at   timestamptz,
    -- As of about a minute ago.
    last_used_at timestamptz
);

-- The key ring of ASP.NET Data Protection.
create table access.data_protection_keys (
    friendly_name text primary key,
    xml           text not null,
    created_at    timestamptz not null default now()
);
