#!/bin/sh
# Writes requirements/{runtime,dev,docs}.txt from the .in files, for every supported Python and platform at once.
set -eu
cd "$(dirname "$0")/../../requirements"
for name in runtime dev docs; do
  uv pip compile --quiet --upgrade --universal --python-version 3.10 --no-annotate \
    --custom-compile-command "make lock" --output-file "$name.txt" "$name.in"
done
