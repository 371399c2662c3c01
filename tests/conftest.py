"""The order of tests."""


def pytest_collection_modifyitems(items):
    """Begin with those on Slurm, which take longest, so that no process waits for another."""
    items.sort(key=lambda item: item.get_closest_marker("slurm") is None)
