-- Run once by the PostgreSQL image, as the superuser, when its data directory is made.
-- Temporal and Handrail cannot enter each other's databases. Handrail has two roles: the owner of its
-- tables, for migrations alone, and the one of API and worker, which can change no evidence.
\set ON_ERROR_STOP on
\set temporal_password `cat /run/secrets/temporal_database_password`
\set owner_password `cat /run/secrets/handrail_owner_database_password`
\set handrail_password `cat /run/secrets/handrail_database_password`

CREATE ROLE temporal LOGIN PASSWORD :'temporal_password';
CREATE DATABASE temporal OWNER temporal;
CREATE DATABASE temporal_visibility OWNER temporal;

CREATE ROLE handrail_owner LOGIN PASSWORD :'owner_password';
CREATE ROLE handrail LOGIN PASSWORD :'handrail_password';
CREATE DATABASE handrail OWNER handrail_owner;

REVOKE CONNECT, TEMPORARY ON DATABASE temporal, temporal_visibility, handrail, postgres FROM PUBLIC;
GRANT CONNECT ON DATABASE handrail TO handrail;

-- The codec server may have a role of its own, which writes nothing but the access log. After
-- `handrail migrate`, in the database handrail, and HANDRAIL_DATABASE_URL of that process with it:
--   CREATE ROLE handrail_codec LOGIN; and \password handrail_codec
--   GRANT CONNECT ON DATABASE handrail TO handrail_codec;
--   GRANT SELECT ON api_keys, cases, handoffs, incidents, duties, alembic_version TO handrail_codec;
--   GRANT INSERT ON access_log TO handrail_codec;
-- and in the key store as keystore.sql says.
