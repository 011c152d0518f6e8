-- The statements of docs/security.md for each database.
\connect wetread
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO wetread_work;
ALTER DEFAULT PRIVILEGES FOR ROLE wetread_owner IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE, MAINTAIN ON TABLES TO wetread_work;
ALTER DEFAULT PRIVILEGES FOR ROLE wetread_owner IN SCHEMA public GRANT USAGE ON SEQUENCES TO wetread_work;
GRANT MAINTAIN ON pg_catalog.pg_statistic TO wetread_work;

\connect wetread_snippets
CREATE EXTENSION vector;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO wetread_work;
ALTER DEFAULT PRIVILEGES FOR ROLE wetread_owner IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE, MAINTAIN ON TABLES TO wetread_work;
ALTER DEFAULT PRIVILEGES FOR ROLE wetread_owner IN SCHEMA public GRANT USAGE ON SEQUENCES TO wetread_work;
GRANT MAINTAIN ON pg_catalog.pg_statistic TO wetread_work;

\connect wetread_vault
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO wetread_vault;
ALTER DEFAULT PRIVILEGES FOR ROLE wetread_owner IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE, MAINTAIN ON TABLES TO wetread_vault;
ALTER DEFAULT PRIVILEGES FOR ROLE wetread_owner IN SCHEMA public GRANT USAGE ON SEQUENCES TO wetread_vault;
GRANT MAINTAIN ON pg_catalog.pg_statistic TO wetread_vault;
