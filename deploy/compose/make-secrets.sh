#!/bin/sh
# Makes every secret of compose.yaml that is not there yet, in deploy/compose/secrets or the folder that is named. Never over one that is there.
set -eu
umask 077
into=${1:-"$(dirname "$0")/secrets"}
mkdir -p "$into"
cd "$into"

# keep NAME: what comes in becomes that file, unless there is one
keep() { if [ -e "$1" ]; then cat >/dev/null; else cat >"$1.new" && mv "$1.new" "$1"; fi; }
word() { head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n'; }

for name in postgres owner work vault redis; do word | keep "${name}_password"; done
for name in pseudonym second_factor; do head -c 32 /dev/urandom | keep "${name}_key"; done
openssl genpkey -algorithm ed25519 | keep audit_key

url() { printf 'postgresql://wetread_%s:%s@postgres/%s' "$1" "$(cat "$1_password")" "$2"; }
url owner wetread | keep owner_database_url
url owner wetread_vault | keep owner_vault_url
url owner wetread_snippets | keep owner_snippets_url
url work wetread | keep database_url
url vault wetread_vault | keep vault_url
url work wetread_snippets | keep snippets_url

printf 'requirepass %s\nsave ""\nappendonly no\nmaxmemory 256mb\nmaxmemory-policy noeviction\n' "$(cat redis_password)" | keep redis_conf
printf '{"RegisteredUsers": {"admin": "%s"}}\n' "$(word)" | keep orthanc_users

chmod 0400 -- *
if [ "$(id -u)" = 0 ]; then
    # whom each container's process runs as
    chown 10001:10001 -- *_url *_key redis_password
    chown 999:999 -- postgres_password owner_password work_password vault_password redis_conf
    chown 0:0 -- orthanc_users
else
    echo "not root: have root run this again, so that the containers' users own their secrets" >&2
fi
