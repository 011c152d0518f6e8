-- The statements of docs/security.md, for who begins with an empty server.
CREATE ROLE wetread_owner LOGIN;
CREATE ROLE wetread_work LOGIN;
CREATE ROLE wetread_vault LOGIN;
CREATE DATABASE wetread OWNER wetread_owner;
CREATE DATABASE wetread_vault OWNER wetread_owner;
CREATE DATABASE wetread_snippets OWNER wetread_owner;
REVOKE ALL ON DATABASE wetread, wetread_vault, wetread_snippets FROM PUBLIC;
GRANT CONNECT ON DATABASE wetread, wetread_snippets TO wetread_work;
GRANT CONNECT ON DATABASE wetread_vault TO wetread_vault;
