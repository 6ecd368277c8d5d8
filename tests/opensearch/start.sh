#!/usr/bin/env bash
# Starts one node of OpenSearch 2.19 from Maven's artifacts: start.sh FOLDER [PORT]. It prints "ready PORT", and ends when
# its standard input does. Needs Java 17 and Maven; what it fetches stays in target/opensearch.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
home=$1 port=${2:-0}
built=${OPENSEARCH_BUILT:-$here/../../target/opensearch}
mkdir -p "$built"
{
    flock 9
    if [ ! -e "$built/done" ] || [ "$here/pom.xml" -nt "$built/done" ] || [ "$here/OpenSearchNode.java" -nt "$built/done" ]; then
        timeout 300 mvn --quiet --batch-mode --file "$here/pom.xml" dependency:copy-dependencies -DoutputDirectory="$built/lib" >&2
        javac -cp "$built/lib/*" -d "$built/classes" "$here/OpenSearchNode.java" >&2
        touch "$built/done"
    fi
} 9>"$built/lock"
# A small heap, and no more compiling than a short life is worth.
exec java -Xmx512m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp "$built/classes:$built/lib/*" OpenSearchNode "$home" "$port"
