"""Prime numbers by the sieve of Eratosthenes."""

# %% sieve
def primes(end: int) -> list[int]:
    """Return the primes below `end`.

    >>> primes(10)
    [2, 3, 5, 7]
    """
    is_prime = [False, False, *[True] * (end - 2)]
    for n in range(2, int(end**0.5) + 1):
        if is_prime[n]:
            is_prime[n * n :: n] = [False] * len(is_prime[n * n :: n])
    return [n for n in range(end) if is_prime[n]]

# %% below-thirty
print(primes(30))
#> [2, 3, 5, 7, 11, 13, 17, 19, 23, 29]

# %% how-many
for end in (100, 10_000):
    print(end, len(primes(end)))
#> 100 25
#> 10000 1229
