-- From files, so that they are no words of a command. A log of all statements (log_statement = 'ddl') would keep them: it is off unless somebody sets it.
\set owner `cat /run/secrets/owner_password`
\set work `cat /run/secrets/work_password`
\set vault `cat /run/secrets/vault_password`
ALTER ROLE wetread_owner PASSWORD :'owner';
ALTER ROLE wetread_work PASSWORD :'work';
ALTER ROLE wetread_vault PASSWORD :'vault';
