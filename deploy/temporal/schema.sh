#!/bin/sh
# Brings Temporal's two databases to the schema of the admin-tools image that runs this; a database
# that is there already is left as it is. The databases themselves are made by postgres/databases.sql.
set -eu

SQL_PASSWORD="$(cat /run/secrets/temporal_database_password)"
export SQL_PASSWORD

for database in temporal:temporal temporal_visibility:visibility; do
    SQL_DATABASE="${database%%:*}"
    export SQL_DATABASE
    temporal-sql-tool setup-schema -v 0.0
    temporal-sql-tool update-schema \
        -d "/etc/temporal/schema/postgresql/v12/${database##*:}/versioned"
done
