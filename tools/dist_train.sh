#!/usr/bin/env bash
# Trains in several processes on each of one or more machines, over gloo where there is no CUDA:
#   tools/dist_train.sh CONFIG PROCESSES [flags of tools/train.py]
# NNODES, NODE_RANK, MASTER_ADDR and PORT are as in MMPose; PYTHON names the interpreter. With MAX_RESTARTS=3
# and --resume, all processes are started again up to three times if one is lost, from the last checkpoint.
set -euo pipefail
[ $# -ge 2 ] || { echo "usage: $0 CONFIG PROCESSES [flags of tools/train.py]" >&2; exit 2; }

config=$1 processes=$2
shift 2
exec "${PYTHON:-python}" -m torch.distributed.run \
  --nnodes="${NNODES:-1}" --node-rank="${NODE_RANK:-0}" --nproc-per-node="$processes" \
  --max-restarts="${MAX_RESTARTS:-0}" \
  --master-addr="${MASTER_ADDR:-127.0.0.1}" --master-port="${PORT:-29500}" \
  "$(dirname "$0")/train.py" "$config" --launcher pytorch "$@"
