"""The answers to the recap's questions, computed."""

# %% uniform
from math import exp, log

loss = 0.5
print(f"{log(50257):.4f} {exp(-loss):.4f}")
#> 10.8249 0.6065

# %% linear
from torch import nn

layer = nn.Linear(768, 3072)
print(f"{layer.weight.numel():,} {layer.bias.numel():,}")
#> 2,359,296 3,072
print(f"{sum(p.numel() for p in layer.parameters()):,}")
#> 2,362,368
print(f"{768 + 3072:,}")
#> 3,840

# %% neuron
a, y, x = 0.9, 1, 2
print(f"{(a - y) * x:.1f} {(y - a) * x:.1f} {a - y:.1f}")
#> -0.2 0.2 -0.1
