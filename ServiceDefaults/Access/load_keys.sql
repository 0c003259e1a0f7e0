-- The whole key ring of ASP.NET Data Protection.
select xml from access.data_protection_keys order by created_at, friendly_name
