"""Jobs of Slurm: a Ray cluster on the machines of one, and scripts to submit."""
