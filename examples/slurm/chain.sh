#!/bin/bash
# Build, walk and embed: three jobs, of which each waits for the one before to succeed.
# Run it again after a failure: what is there already is not done again.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

build=$(sbatch --parsable build.sbatch)
walk=$(sbatch --parsable --dependency="afterok:$build" walks.sbatch)
embed=$(sbatch --parsable --dependency="afterok:$walk" embed.sbatch)
echo "submitted build $build, walk $walk, embed $embed"
