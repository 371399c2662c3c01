"""What executes tasks: threads of this process, or Ray."""
