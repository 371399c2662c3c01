"""What every layer uses: memory, threads, progress bars, events, Arrow strings."""
