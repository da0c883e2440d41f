-- Run once by the PostgreSQL image, as the superuser, when the data directory of the key store is made.
-- A server of its own: a backup of the other one holds no key, and one of this one nothing that a key opens.
\set ON_ERROR_STOP on
\set owner_password `cat /run/secrets/handrail_key_owner_database_password`
\set handrail_password `cat /run/secrets/handrail_key_database_password`

CREATE ROLE handrail_owner LOGIN PASSWORD :'owner_password';
CREATE ROLE handrail LOGIN PASSWORD :'handrail_password';
CREATE DATABASE keystore OWNER handrail_owner;

REVOKE CONNECT, TEMPORARY ON DATABASE keystore, postgres FROM PUBLIC;
GRANT CONNECT ON DATABASE keystore TO handrail;

-- For a codec server with a role of its own (databases.sql), after `handrail migrate`, in the
-- database keystore, and HANDRAIL_KEY_DATABASE_URL of that process with it:
--   CREATE ROLE handrail_codec LOGIN; and \password handrail_codec
--   GRANT CONNECT ON DATABASE keystore TO handrail_codec;
--   GRANT SELECT ON data_keys, keys_version TO handrail_codec;
