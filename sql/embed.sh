#!/bin/bash
# Turn the DDL files given into the function that hands them to attach(), one part per file stem.
set -eu

# A dollar quote that no file contains, whatever dollar quotes the files use.
tag=ddl
while cat /dev/null "$@" | grep -qF "\$$tag\$"; do
	tag=${tag}_
done

echo "/* Generated from sql/attachment/ by sql/embed.sh. */"
echo "CREATE FUNCTION service_policy._attachment_ddl(part text) RETURNS text"
echo "LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp"
echo "AS \$_$tag\$"
echo "SELECT CASE part"
echo "WHEN '' THEN ''"
for file in "$@"; do
	echo "WHEN '$(basename "$file" .sql)' THEN \$$tag\$"
	cat "$file"
	echo "\$$tag\$"
done
echo "END"
echo "\$_$tag\$;"
echo "COMMENT ON FUNCTION service_policy._attachment_ddl(text) IS"
echo "'the DDL of one part of an attachment, with its placeholders';"
