"""An ordinary test, which runs in the same command."""

from primes import primes


def test_each_prime_has_no_divisor() -> None:
    assert all(p % d for p in primes(200) for d in range(2, p))
