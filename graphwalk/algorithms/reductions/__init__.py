"""What is computed of walks as they are made, which are not kept."""
