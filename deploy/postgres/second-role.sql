-- Upgrade from version 0.2, once, as the superuser: Handrail's one role owned its tables; now another
-- one does, for migrations alone. README.md, "Upgrade", has the command.
\set ON_ERROR_STOP on
CREATE ROLE handrail_owner LOGIN PASSWORD :'owner_password';
GRANT CONNECT ON DATABASE handrail TO handrail, handrail_owner;
ALTER DATABASE handrail OWNER TO handrail_owner;
\connect handrail
REASSIGN OWNED BY handrail TO handrail_owner;
