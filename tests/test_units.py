import numpy as np
import pytest

from graphwalk import errors
from graphwalk.units import format_size, parse_size


@pytest.mark.parametrize(
    ("size", "num_bytes"),
    [
        (1, 1),
        (2**40, 2**40),
        ("1", 1),
        ("512 B", 512),
        ("3kB", 3000),
        ("3 KiB", 3072),
        ("500 MB", 500_000_000),
        ("4 GiB", 4 * 2**30),
        ("4gib", 4 * 2**30),
        ("  1.5 TiB ", 3 * 2**39),
        ("2 PB", 2 * 10**15),
        ("0.5 KiB", 512),
        ("64G", 64 * 2**30),
        ("4 Gi", 4 * 2**30),
        ("4g", 4 * 2**30),
        ("500M", 500 * 2**20),
        ("1.5T", 3 * 2**39),
        ("8 k", 8192),
        ("1P", 2**50),
        ("9007199254740993", 2**53 + 1),
        (np.int64(2**40), 2**40),
        (np.uint8(7), 7),
        (np.array(4096), 4096),
    ],
)
def test_sizes_are_read_as_people_write_them(size, num_bytes):
    assert parse_size(size) == num_bytes


@pytest.mark.parametrize(
    "size",
    [
        *("", "GiB", "four GiB", "4 GiBs", "4 XB", "-4 GiB", "4,5 GiB", "1e9", "nan", "0.5 B"),
        *(0, -1, "0 GiB", 4.5, None, b"4 GiB", [4]),
        *("4 GG", "G", np.float64(4.0), np.int64(0), np.array([4, 5])),
    ],
)
def test_what_is_no_size_is_named_with_the_parameter_and_the_remedy(size):
    with pytest.raises(errors.InputError, match=r"budget=.* is not a size; write it as") as error:
        parse_size(size, name="budget")
    assert repr(size) in str(error.value)


def test_a_size_too_long_to_be_read_is_named_by_its_length():
    with pytest.raises(errors.InputError, match=r"budget=<an integer of 1,329 bits> is not a size"):
        parse_size(10**400, name="budget")


@pytest.mark.parametrize("size", [True, False, np.True_, np.array(True)])
def test_truth_is_no_size(size):
    with pytest.raises(errors.InputError, match="is not a size"):
        parse_size(size)


@pytest.mark.parametrize(
    ("num_bytes", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (3.2 * 2**30, "3.2 GiB"),
        (-(2**20), "-1.0 MiB"),
        (2**50, "1.0 PiB"),
        (2**60, "1024.0 PiB"),
    ],
)
def test_sizes_are_written_in_binary_units(num_bytes, text):
    assert format_size(num_bytes) == text


@pytest.mark.parametrize("num_bytes", [1, 2**10, 3 * 2**29, 7 * 2**40])
def test_what_is_written_can_be_read_again(num_bytes):
    assert parse_size(format_size(num_bytes)) == num_bytes
