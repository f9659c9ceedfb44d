"""What dtypes keep of numbers: floats, integers, bits, two roundings."""

# %% floats
import torch

formats = [torch.float32, torch.bfloat16, torch.float16]
for x in [0.1, 1 / 3, 65504, 65520, 6e-8, 1e-8, 16777217]:
    kept = [torch.tensor(x, dtype=d).item() for d in formats]
    print(x, kept)
#> 0.1 [0.10000000149011612, 0.10009765625, 0.0999755859375]
#> 0.3333333333333333 [0.3333333432674408, 0.333984375, 0.333251953125]
#> 65504 [65504.0, 65536.0, 65504.0]
#> 65520 [65520.0, 65536.0, inf]
#> 6e-08 [5.99999978589949e-08, 6.007030606269836e-08, 5.960464477539063e-08]
#> 1e-08 [9.99999993922529e-09, 1.0011717677116394e-08, 0.0]
#> 16777217 [16777216.0, 16777216.0, inf]

# %% bits
x = torch.tensor(0.1, dtype=torch.bfloat16)
print(f"{x.view(torch.int16).item():016b}")
#> 0011110111001101

# %% integers
x = torch.tensor(300)
print(x.dtype, x.to(torch.int8), x.to(torch.uint8), 300 - 2**8)
#> torch.int64 tensor(44, dtype=torch.int8) tensor(44, dtype=torch.uint8) 44
print(torch.tensor(-1).to(torch.uint8))
#> tensor(255, dtype=torch.uint8)
try:
    torch.tensor(300, dtype=torch.int8)
except RuntimeError as error:
    print(error)
#> value cannot be converted to type int8 without overflow

# %% two-roundings
x = 1 + 2**-11 + 2**-40
print(x, 1 + 2**-10)
#> 1.0004882812509095 1.0009765625
for dtype in [torch.float64, torch.float32, torch.float16]:
    print(dtype, torch.tensor(x, dtype=dtype).item())
#> torch.float64 1.0004882812509095
#> torch.float32 1.00048828125
#> torch.float16 1.0
