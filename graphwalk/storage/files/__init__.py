"""Files and folders: names, locks, atomic publication, spilled and temporary files."""
