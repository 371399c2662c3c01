"""What a job that was killed leaves next to its target."""

from contextlib import suppress

from graphwalk.storage.files.partial_folder import partial_folder


def leave(target, *files):
    """Make the partial folder of a target, with empty files in it; return it."""
    with suppress(KeyboardInterrupt), partial_folder(target, keep=True) as folder:
        for name in files:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).touch()
        raise KeyboardInterrupt
    return folder
