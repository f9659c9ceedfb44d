"""Degrees of two kinds."""

# %% convert
def fahrenheit(celsius: float) -> float:
    return celsius * 9 / 5 + 32

# %% table
for celsius in (0, 37.5, 100):
    print(celsius, fahrenheit(celsius))
#> 0 32.0
#> 37.5 99.5
#> 100 212.0
