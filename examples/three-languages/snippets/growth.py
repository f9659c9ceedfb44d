"""How long money takes to double at five per cent a year."""

# %% doubling
money, years = 100, 0
while money < 200:
    money *= 1.05
    years += 1
print(years, round(money, 2))
#> 15 207.89

# %% logarithm
import math

print(round(math.log(2) / math.log(1.05), 1))
#> 14.2
