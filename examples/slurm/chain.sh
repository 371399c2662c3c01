#!/bin/bash
# Build, walk and embed in three jobs; each starts when the previous job has succeeded.
# Run it again after a failure: results that exist are not computed again.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

build=$(sbatch --parsable build.sbatch)
walk=$(sbatch --parsable --dependency="afterok:$build" walks.sbatch)
embed=$(sbatch --parsable --dependency="afterok:$walk" embed.sbatch)
echo "submitted build $build, walk $walk, embed $embed"
